import type { Answer, PeerScript } from '../helpers/hostile-peer.ts';
import type { Situation } from './hostile-situations.ts';

/** How a session speaks, and what the peer must announce for it. */
export interface Mode {
  readonly name: 'in lockstep' | 'with PIPELINING' | 'with CHUNKING';
  readonly keywords: readonly string[];
  /** What the reply to a whole message answers. */
  readonly end: 'MESSAGE' | 'BDAT';
}

export const modes: readonly Mode[] = [
  { name: 'in lockstep', keywords: ['8BITMIME', 'SIZE'], end: 'MESSAGE' },
  { name: 'with PIPELINING', keywords: ['8BITMIME', 'SIZE', 'PIPELINING'], end: 'MESSAGE' },
  { name: 'with CHUNKING', keywords: ['8BITMIME', 'SIZE', 'PIPELINING', 'CHUNKING'], end: 'BDAT' },
];

type Want = Situation['want'];

/** A peer that breaks off, falls silent or loses count, and what becomes of those whom the table names: the others are `taken`. */
export interface Break extends Partial<
  Pick<Situation, 'recipients' | 'rounds' | 'patience' | 'connections' | 'taken'>
> {
  readonly name: string;
  readonly answers?: PeerScript['answers'];
  /** The same for what answers a whole message. */
  readonly end?: PeerScript['answers'];
  readonly quirk?: PeerScript['quirk'];
  /** By DATA, each command in turn or all together. */
  readonly plain?: Want;
  /** With PIPELINING, where that differs. */
  readonly pipelined?: Want;
  /** With CHUNKING: several whole transactions are under way. */
  readonly chunked?: Want;
  /** Who got the message with CHUNKING, where somebody got it twice. */
  readonly takenChunked?: readonly string[];
}

export const taken = 'delivered 250 2.0.0 taken';
export const recipients = ['ann', 'ben', 'cid'];
export const five = [...recipients, 'dan', 'eve'];
export const patience = 1_500;
export const close: Answer = { does: 'close' };
export const hang: Answer = { does: 'hang' };
export const lastTaken: Answer = { says: '250 2.0.0 taken', does: 'close' };

export const lost = (reason: string): string[] => [`deferred connection lost: ${reason}`, taken];
export const unsure = (reason: string): string[] => [`uncertain ${reason}`, taken];
export const closed = 'the peer closed the connection';
export const slow = 'the peer did not answer in time';
export const noSmtp = 'the peer does not speak SMTP';
export const deferred = (reply: string): string[] => [`deferred ${reply}`, taken];

/** A break in one mode; nothing where it makes no sense. */
export function situationIn(mode: Mode, one: Break): Situation[] {
  const { name, answers = {}, end = {}, quirk, plain, pipelined, chunked, taken: given, takenChunked, ...rest } = one;
  const isChunking = mode.end === 'BDAT';
  const want = isChunking ? chunked : mode.keywords.includes('PIPELINING') ? (pipelined ?? plain) : plain;
  if (!want) return [];
  const ends = Object.entries(end).map(([recipient, answer]) => [`${mode.end} ${recipient}`.trim(), answer]);
  const whole = { ...answers, ...(Object.fromEntries(ends) as PeerScript['answers']) };
  const who = rest.recipients ?? recipients;
  const list = isChunking ? takenChunked : given;
  return [
    {
      ...rest,
      name: `${mode.name}: ${name}`,
      recipients: who,
      peer: { keywords: mode.keywords, answers: whole, ...(quirk && { quirk }) },
      want: { ...Object.fromEntries(who.map((recipient) => [recipient, [taken]])), ...want },
      ...(list && { taken: list }),
    },
  ];
}
