import type { Clock } from '../lib/clock.ts';
import type { BounceEffect, NewBounce } from '../list/bounce-store.ts';
import { bounceRulesOf } from '../list/bounce-rules.ts';
import type { List } from '../list/list.ts';
import { canonicalOf } from '../mail/address.ts';
import { parseHeader } from '../mail/header.ts';
import type { Log } from '../log.ts';
import { isFailureNotice } from '../queue/cause.ts';
import { doneWith, type Handled } from '../queue/handled.ts';
import type { Entry } from '../queue/store.ts';
import { groundsOf, judgeRefusal } from './grounds.ts';
import { type Claim, prove, type Proved, proveWithin } from './proof.ts';
import { readReturned } from './report.ts';
import type { Verdict } from './verdict.ts';

/** What the bounce stage works with. */
export interface BounceTools {
  readonly clock: Clock;
  readonly log: Log;
  /** The provider that a host belongs to, for figures. */
  readonly providerOf: (host: string) => string;
  /** A step of the ladder or an alarm of this list is due at that time. */
  readonly onDue: (list: string, due: number) => void;
}

/** A host that refused a member's copy of a post. */
export interface RefusedMember {
  readonly member: number;
  readonly address: string;
  readonly number: number;
  readonly host: string;
  readonly reply: string;
  readonly at: number;
  /** Unique for post and member. */
  readonly cause: string;
}

/** Octets of a mail that came back that an owner can look at: its header and what the host said. */
const evidenceMost = 8_192;
/** Characters of a reply that are kept. */
const textMost = 500;
/** Bounces in one commit. */
const batchMost = 500;

/**
 * Takes what came back. Only a valid MAC, in the address or, where that names nobody, in what is sent back, proves that it answers a mail of
 * ours to that member: everything else changes nothing, also an unsigned address in ezmlm's form.
 */
export async function handleBounce(
  entry: Entry,
  message: Buffer,
  claim: Claim,
  list: List,
  tools: BounceTools,
): Promise<Handled> {
  const proved = claim.isBare ? await proveWithin(list, message) : await prove(list, claim);
  return proved ? handleProved(entry, message, proved, list, tools) : ignored(entry, list, 'no valid MAC', tools);
}

/** The same for mail to the owner: undefined when it is none that answers a mail of ours, and is for the owner to read. */
export async function handleReturnedToOwner(
  entry: Entry,
  message: Buffer,
  list: List,
  tools: BounceTools,
): Promise<Handled | undefined> {
  const proved = await proveWithin(list, message);
  if (!proved) return undefined;
  const returned = readReturned(message, parseHeader(message), 'somebody', proved.address);
  const isReport = returned.kind !== 'other';
  return isReport ? handleProved(entry, message, proved, list, tools) : undefined;
}

/** Records refusals during delivery as bounces; the same refusal twice is recorded once. */
export async function recordRefusals(
  list: List,
  refusals: readonly RefusedMember[],
  tools: BounceTools,
): Promise<void> {
  for (let from = 0; from < refusals.length; from += batchMost) {
    const bounces = refusals.slice(from, from + batchMost).map(({ reply, ...refused }): NewBounce => {
      const judged = judgeRefusal(refused.address, reply);
      return { ...refused, how: 'refused', ...kept(judged), host: refused.host || judged.host };
    });
    await record(list, bounces, tools);
  }
}

async function handleProved(
  entry: Entry,
  message: Buffer,
  proved: Proved,
  list: List,
  tools: BounceTools,
): Promise<Handled> {
  const returned = readReturned(message, parseHeader(message), entry.sender, proved.address);
  if (returned.kind === 'complaint') return complaint(entry, proved, list, tools);
  if (returned.kind === 'other') return ignored(entry, list, returned.why, tools);
  const judged = judgedOf(entry, returned.verdict);
  if (proved.member === undefined) return refusedStranger(entry, proved, judged, list, tools);
  const { member, address, number, step } = proved;
  const bounce: NewBounce = {
    member,
    address,
    number,
    at: tools.clock.now(),
    how: 'mail',
    ...kept(judged),
    cause: entry.id,
    evidence: message.subarray(0, evidenceMost),
    ...(step ? { step } : {}),
  };
  const [effect] = await record(list, [bounce], tools);
  return doneWith(effect === 'counted' || effect === 'kept' ? 'bounce recorded' : `bounce: ${effect}`);
}

// A report does not say at which command a host has refused; of our own sessions it is known, for a post as for a warning or a probe.
function judgedOf({ cause }: Entry, reported: Verdict): Verdict {
  const { address, diagnostic, host } = reported;
  const isOurs = isFailureNotice(cause) && diagnostic !== '';
  return isOurs ? { ...judgeRefusal(address, diagnostic), host } : reported;
}

async function record(list: List, bounces: readonly NewBounce[], tools: BounceTools): Promise<readonly BounceEffect[]> {
  const { effects, due } = await list.store.recordBounces(bounces, bounceRulesOf(await list.settings()));
  for (const [at, bounce] of bounces.entries()) tell(list, bounce, effects[at]!, tools);
  if (due !== undefined) tools.onDue(list.name.address, due);
  return effects;
}

function tell(
  { name }: List,
  { address, number, reason, grounds, host, text, cause }: NewBounce,
  effect: BounceEffect,
  { log, providerOf }: BounceTools,
): void {
  if (effect === 'known') return;
  const fields = { entry: cause, list: name.address, address, number, reason, grounds, host, effect, reply: text };
  log('bounce.recorded', { ...fields, provider: providerOf(host) });
  if (effect === 'removed' || effect === 'suspended')
    log('bounce.proved', { list: name.address, address, result: effect, reason });
}

/** Whoever complains gets no more mail at once, and cannot be added again by an import. */
async function complaint(entry: Entry, proved: Proved, list: List, tools: BounceTools): Promise<Handled> {
  const { address, number, member = 0 } = proved;
  if (await isBeforeMembership(list, proved)) return ignored(entry, list, 'a post from before the membership', tools);
  const at = tools.clock.now();
  const canonical = canonicalOf(address);
  await list.suppressions.add([{ canonical, address, why: 'complaint' }], at);
  const removed = await list.store.complain(
    {
      member,
      address,
      number,
      at,
      how: 'complaint',
      reason: 'feedback',
      grounds: 'passing',
      permanent: false,
      status: '',
      host: '',
      text: 'a complaint',
      cause: entry.id,
    },
    { id: entry.id, tag: 'complaint', at },
  );
  tools.log('bounce.complaint', { entry: entry.id, list: list.name.address, address, number, removed });
  return doneWith('complaint: unsubscribed and suppressed');
}

// Reports of complaints come for days: they do not end a membership that was confirmed since.
async function isBeforeMembership({ store }: List, { member, number }: Proved): Promise<boolean> {
  const post = member === undefined || number === 0 ? undefined : await store.postByNumber(number);
  const since = post && (await store.memberById(member!))?.since;
  return since !== undefined && post!.at < since;
}

// A confirmation that nobody can get: nothing waits for its answer any more.
async function refusedStranger(
  entry: Entry,
  { address, number }: Proved,
  { permanent }: Verdict,
  list: List,
  tools: BounceTools,
): Promise<Handled> {
  const cause = { id: entry.id, tag: '', at: tools.clock.now() };
  const closed = permanent && number === 0 ? await list.store.closeRequests(canonicalOf(address), cause) : 0;
  return ignored(entry, list, closed > 0 ? 'no member; what was asked for is closed' : 'no member', tools);
}

function kept(
  judged: Verdict,
): Pick<NewBounce, 'reason' | 'permanent' | 'status' | 'host' | 'text' | 'grounds' | 'weight'> {
  const { reason, permanent, status, host, diagnostic } = judged;
  const text = (diagnostic || status || 'returned mail').slice(0, textMost);
  return { reason, permanent, status, host, text, ...groundsOf(judged) };
}

function ignored(entry: Entry, list: List, why: string, { log }: BounceTools): Handled {
  log('bounce.ignored', { entry: entry.id, list: list.name.address, recipient: entry.recipient, why });
  return doneWith(`ignored: ${why}`);
}
