import { type Mode, modes } from './hostile-modes.ts';
import type { Situation } from './hostile-situations.ts';

const taken = 'delivered 250 2.0.0 taken';
const recipients = ['ann', 'ben', 'cid'];
const allTaken = { ann: [taken], ben: [taken], cid: [taken] };

/** A reply to one command about ben, which is his alone: the others get the message over the same connection. */
const replies: readonly [command: 'MAIL' | 'RCPT' | 'END', reply: string, want: string][] = [
  ['MAIL', '451 4.7.1 greylisted', 'deferred 451 4.7.1 greylisted'],
  ['MAIL', '452 4.3.1 no room', 'deferred 452 4.3.1 no room'],
  ['MAIL', '550 5.1.8 no such sender', 'failed 550 5.1.8 no such sender'],
  ['MAIL', '530 5.7.0 authentication required', 'failed 530 5.7.0 authentication required'],
  ['RCPT', '550 5.1.1 nobody', 'failed 550 5.1.1 nobody'],
  [
    'RCPT',
    '550-5.1.1 nobody\r\n550-5.1.1 of that name\r\n550 5.1.1 here',
    'failed 550 5.1.1 nobody 5.1.1 of that name 5.1.1 here',
  ],
  ['RCPT', '551 5.1.6 moved to ben@y.example', 'failed 551 5.1.6 moved to ben@y.example'],
  ['RCPT', '552 5.2.2 over quota', 'failed 552 5.2.2 over quota'],
  ['RCPT', '552 too many recipients', 'failed 552 too many recipients'],
  ['RCPT', '450 4.2.0 greylisted for 300 seconds', 'deferred 450 4.2.0 greylisted for 300 seconds'],
  ['RCPT', '452 4.5.3 too many recipients', 'deferred 452 4.5.3 too many recipients'],
  ['RCPT', '450 5.1.1 nobody', 'deferred 450 5.1.1 nobody'],
  ['RCPT', '550 4.2.1 disabled', 'failed 550 4.2.1 disabled'],
  [
    'RCPT',
    '550 5.2.1 receiving mail at a rate that prevents delivery',
    'deferred 550 5.2.1 receiving mail at a rate that prevents delivery',
  ],
  ['RCPT', '251 2.1.5 will forward', taken],
  ['RCPT', '252 2.1.5 cannot verify', taken],
  ['RCPT', '550', 'failed 550'],
  ['RCPT', '550 5.1.1 no\0such\tuser\u0007 Jos\u00e9', 'failed 550 5.1.1 no such user  Jos\u00e9'],
  ['RCPT', '550 5.1.1 bare line feed\n', 'failed 550 5.1.1 bare line feed'],
  ['RCPT', `550 5.1.1 ${'x'.repeat(3_000)}`, `failed 550 5.1.1 ${'x'.repeat(990)}`],
  ['END', '250-2.0.0 taken\r\n250-2.0.0 as\r\n250 2.0.0 4711', 'delivered 250 2.0.0 taken 2.0.0 as 2.0.0 4711'],
  ['END', '250 4.0.0 taken', 'delivered 250 4.0.0 taken'],
  ['END', '452 4.3.1 no room', 'deferred 452 4.3.1 no room'],
  ['END', '451 5.3.0 broken filter', 'deferred 451 5.3.0 broken filter'],
  ['END', '554 5.7.1 we do not like it', 'failed 554 5.7.1 we do not like it'],
  ['END', '550 5.7.26 DMARC policy of the author', 'failed 550 5.7.26 DMARC policy of the author'],
];

function replyIn({ name, keywords, end }: Mode, [command, reply, want]: (typeof replies)[number]): Situation {
  const key = `${command === 'END' ? end : command} ben`;
  const text = reply.length > 60 ? `${reply.slice(0, 60)}...` : reply;
  return {
    name: `${name}: ${JSON.stringify(text)} to ${command} of one`,
    peer: { keywords, answers: { [key]: [reply] } },
    recipients,
    want: { ...allTaken, ben: [want] },
    connections: 1,
  };
}

export const transactions: readonly Situation[] = modes.flatMap((mode) => replies.map((row) => replyIn(mode, row)));
