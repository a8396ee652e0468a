import type { ReplyContext, ReplyVerdict } from '../../src/smtp/reply-class.ts';

/** What is asked of each reply: only what the line names is compared. */
export type Line = [reply: string, context: ReplyContext, want: Partial<ReplyVerdict>];

type Check = (lines: readonly Line[]) => void;

const minutes = 60_000;
const google: ReplyContext = { dialect: 'google' };
const microsoft: ReplyContext = { dialect: 'microsoft' };
const later = { class: 'deferred', isPermanent: false, scope: 'nothing', score: 'none' } as const;
const quarter = { waitMs: 15 * minutes, isPermanent: false, score: 'none' } as const;

/** What hosts say that belong to nobody in particular. */
export const ordinary: Readonly<Record<string, (check: Check) => void>> = {
  'limits of a receiver back off what they speak of': (check) => {
    const old = {
      class: 'reputation',
      scope: 'provider',
      waitMs: 10 * minutes,
      resume: 'one',
      isPermanent: false,
    } as const;
    const rate = { class: 'policy', scope: 'lane', isPermanent: false } as const;
    const listed = { class: 'reputation', scope: 'lane', isPermanent: false, score: 'none' } as const;
    check([
      ['421 4.7.0 Our system has detected an unusual rate of unsolicited mail', google, old],
      [
        '421 4.1.0 192.0.2.1 Throttled - try again later. RL000010',
        {},
        { ...old, waitMs: 5 * minutes, resume: 'profile' },
      ],
      ['452 4.4.5 too many connections from your host', {}, rate],
      ['451 4.7.1 too many mails for your domain', {}, { ...quarter, class: 'policy', scope: 'domain' }],
      ['451 4.3.0 your host is listed at zen.spamhaus.org', {}, listed],
    ]);
  },

  'what ends a session stops nothing: another one may begin': (check) => {
    check([
      ['421 4.7.0 too many messages in this session', {}, later],
      ['452 4.5.3 too many recipients', {}, later],
      ['421 4.4.2 idle for too long', {}, later],
      ['503 5.5.1 nested MAIL', {}, later],
      ['503 bad sequence of commands', {}, later],
    ]);
  },

  'relaying, our names, logins and proofs: refusals of us, which score nobody': (check) => {
    const fault = { ...quarter, class: 'our fault', scope: 'lane', alarm: true } as const;
    const final = { class: 'our fault', alarm: true, isPermanent: true, score: 'none', blamesPost: true } as const;
    check([
      ['450 4.7.1 relaying denied', {}, { ...quarter, class: 'policy', scope: 'domain', alarm: false }],
      ['550 5.7.1 relaying denied', {}, { class: 'policy', isPermanent: true, score: 'none' }],
      ['450 4.1.8 sender is not known', {}, fault],
      ['550 5.1.8 sender is not known', {}, final],
      ['454 4.7.0 temporary authentication failure', {}, fault],
      ['530 5.7.0 authentication required', {}, final],
      ['450 4.7.1 find your reverse hostname', {}, fault],
      ['550 5.7.1 find your reverse hostname', {}, final],
      ['451 4.7.5 TLS required', {}, fault],
      [
        '454 4.7.5 no TLS (STARTTLS) with a host that demands it: 530 5.7.0 Must issue a STARTTLS command first',
        {},
        fault,
      ],
      ['550 5.7.1 SPF check failed', {}, final],
    ]);
  },

  'mailboxes: unknown, full, moved, in the words of those who give no code': (check) => {
    const hard = { class: 'invalid mailbox', score: 'hard', isPermanent: true } as const;
    const full = { class: 'full', score: 'soft' } as const;
    check([
      ['551 user not local', {}, hard],
      ['550 no such user here', {}, hard],
      ['550 5.4.1 Recipient address rejected: Access denied', microsoft, hard],
      ['452 4.2.2 mailbox full', {}, { ...full, isPermanent: false }],
      ['552 5.2.2 mailbox full', {}, { ...full, isPermanent: true }],
      ['450 mailbox is full', {}, { ...full, isPermanent: false }],
      ['550 mailbox is full', {}, { ...full, isPermanent: true }],
      ['552 exceeded', {}, { ...full, isPermanent: true }],
      ['450 4.4.1 no route to its host', {}, { ...quarter, class: 'deferred', scope: 'domain' }],
    ]);
  },

  'the message: its size, its media, its words': (check) => {
    const content = { class: 'content', isPermanent: true, score: 'none', blamesPost: true } as const;
    check([
      ['552 5.3.4 too large', {}, content],
      ['554 5.6.1 media not supported', {}, content],
      ['554 message too big', {}, content],
      ['554 looks like spam', {}, content],
      ['554 blocked by your reputation', {}, { ...content, class: 'reputation' }],
      ['554 5.7.1 refused', {}, { ...content, class: 'policy' }],
      ['550 5.7.511 Access denied, banned sender', microsoft, { class: 'reputation', scope: 'provider', alarm: true }],
      ['554 transaction failed', {}, { class: 'unknown', isPermanent: true, score: 'soft' }],
    ]);
  },
};
