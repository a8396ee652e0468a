/** What a reply means for whoever must act on it. `our fault`: our DNS, authentication or TLS is wrong. */
export type ReplyClass =
  'delivered' | 'deferred' | 'invalid mailbox' | 'policy' | 'reputation' | 'our fault' | 'full' | 'content' | 'unknown';

/** Whose marks and house rules a host's replies follow; empty: nobody's in particular. */
export type Dialect = 'google' | 'yahoo' | 'microsoft' | 'apple' | '';

/** How a provider is taken up again after its silence; `profile`: as its profile says. */
export type Resume = 'profile' | 'one' | 'slow' | 'half';

/** What a reply that is no 2xx asks for. */
export interface ReplyVerdict {
  readonly class: ReplyClass;
  /** False: this recipient is tried again. The first digit says so, with the exceptions that the table names. */
  readonly isPermanent: boolean;
  /** How it counts against the member: `hard` as a bounce, `soft` only when it comes again and again, `none` never. */
  readonly score: 'none' | 'soft' | 'hard';
  /** What backs off: only this recipient (`nothing`), its domain, its MX set, or all that its profile covers. */
  readonly scope: 'nothing' | 'domain' | 'lane' | 'provider';
  /** The least silence in milliseconds; 0: as the profile says. Means nothing when the scope is `nothing`. */
  readonly waitMs: number;
  readonly resume: Resume;
  /** The operator must do something: nothing gets better by waiting. */
  readonly alarm: boolean;
  /** Speaks of the message, not of the recipient: many of these should end this post's run at this provider. */
  readonly blamesPost: boolean;
  /** The row that decided, for the log. */
  readonly rule: string;
}

/** A row holds when all that it names does. Regular expressions see at most 1,000 letters and repeat only within bounds. */
export interface ReplyRow {
  readonly name: string;
  readonly dialect?: Dialect;
  readonly digit?: 4 | 5;
  readonly codes?: readonly number[];
  /** Subject and detail of the enhanced code (`7.28` of 4.7.28), RFC 3463; empty when the reply has none. */
  readonly details?: RegExp;
  readonly text?: RegExp;
  /** The reply came instead of a greeting, or to EHLO. */
  readonly isGreeting?: true;
  readonly says: Partial<ReplyVerdict> & { readonly class: ReplyClass };
}

const minute = 60_000;
const hour = 60 * minute;

/** Codes for SPF, DKIM, DMARC, ARC, reverse DNS and TLS (RFC 7372, RFC 8689, Gmail's list of 2026-02-15). */
const authentication = /^7\.(?:2[0-7]|29|3[0-2]|40|515)$/;
const rateWords = /\brate\b|too (?:many|much|fast|frequent)|throttl|\bexceed|slow down|\bvolume\b|concurren|\blimit/i;
const block = { class: 'reputation', scope: 'provider', waitMs: hour, resume: 'slow', alarm: true } as const;
const ourFault = { class: 'our fault', alarm: true } as const;

/** The marks of the big receivers (their pages of 2025 and 2026): they say more than the code they stand beside. */
const named: readonly ReplyRow[] = [
  // Before all that back off: RFC 6647 asks for 4.7.1, which elsewhere is a refusal of the host.
  { name: 'greylist', digit: 4, text: /gr[ae]y[- ]?list/i, says: { class: 'deferred' } },
  // rspamd's greylisting says no more than this.
  {
    name: 'greylist-unnamed',
    codes: [450, 451],
    details: /^7\.1$/,
    text: /^(?:please )?try again later\.?$/i,
    says: { class: 'deferred' },
  },
  // A 5xx that is tried again: Gmail writes 550 for a user who gets too much at the moment.
  {
    name: 'user-rate',
    details: /^2\.1$/,
    text: /\bat a rate\b|too quickly/i,
    says: { class: 'deferred', isPermanent: false },
  },
  // Gmail's published rule: silence for 10 minutes, then one connection, one more per success.
  {
    name: 'google-quota',
    digit: 4,
    details: /^7\.28$/,
    says: { class: 'reputation', scope: 'provider', waitMs: 10 * minute, resume: 'one' },
  },
  {
    name: 'google-quota-old',
    dialect: 'google',
    digit: 4,
    details: /^7\.0$/,
    text: /unusual rate|rate limited/i,
    says: { class: 'reputation', scope: 'provider', waitMs: 10 * minute, resume: 'one' },
  },
  { name: 'flood', digit: 5, details: /^7\.28$/, says: { class: 'reputation', blamesPost: true } },
  // Before the authentication codes, among which Gmail counts it: nothing of ours is wrong here.
  {
    name: 'author-policy',
    digit: 5,
    details: /^7\./,
    text: /\bdmarc policy\b/i,
    says: { class: 'policy' },
  },
  {
    name: 'authentication-deferred',
    digit: 4,
    details: authentication,
    says: { ...ourFault, scope: 'provider', waitMs: hour, resume: 'one' },
  },
  // No silence: one author's bad signature must not stop the other lists.
  { name: 'authentication', digit: 5, details: authentication, says: { ...ourFault, blamesPost: true } },
  {
    name: 'yahoo-deferral',
    digit: 4,
    text: /\[TSS?\d\d\]/,
    says: { class: 'reputation', scope: 'provider', waitMs: 2 * hour, resume: 'slow' },
  },
  {
    name: 'comcast-limit',
    digit: 4,
    text: /\bRL000010\b/,
    says: { class: 'reputation', scope: 'provider', waitMs: 5 * minute },
  },
  {
    name: 'microsoft-limit',
    digit: 4,
    text: /\bRP-00\d\b/,
    says: { class: 'reputation', scope: 'provider', waitMs: 15 * minute, resume: 'half' },
  },
  { name: 'microsoft-block', digit: 5, text: /\b(?:SC|DY|OU)-00\d\b|\(S31[45]0\)/, says: block },
  { name: 'microsoft-banned', digit: 5, details: /^7\.(?:511|6\d\d)$/, says: block },
  { name: 'apple-policy', digit: 5, text: /\[HM\d\d\]/, says: { class: 'policy' } },
  { name: 'apple-content', digit: 5, text: /\[CS\d\d\]/, says: { class: 'content', blamesPost: true } },
];

const yahooAccount = /\b(?:account|user)\b(?! complaint)|mailbox not found|no mailbox/i;

/** What the whole site says of us, whoever the recipient is. */
const site: readonly ReplyRow[] = [
  // Nothing is known of the recipient yet, so even a 5xx is tried again (so does Postfix: smtp_skip_5xx_greeting).
  { name: 'greeting', isGreeting: true, says: { class: 'deferred', scope: 'lane', isPermanent: false } },
  {
    name: 'google-again',
    dialect: 'google',
    codes: [421, 450, 451],
    details: /^(?:3\.0|4\.2|4\.5|5\.0|7\.0)$/,
    says: { class: 'deferred' },
  },
  {
    name: 'yahoo-451',
    dialect: 'yahoo',
    codes: [451],
    details: /^(?:|[03457]\.\d+)$/,
    says: { class: 'reputation', scope: 'provider', waitMs: 2 * hour, resume: 'slow' },
  },
  {
    name: 'yahoo-user',
    dialect: 'yahoo',
    codes: [553, 554],
    text: yahooAccount,
    says: { class: 'invalid mailbox', score: 'hard' },
  },
  { name: 'yahoo-policy', dialect: 'yahoo', codes: [553, 554], says: { class: 'policy' } },
  {
    name: 'yahoo-dd-user',
    digit: 5,
    text: /delivery error: dd\b.{0,200}(?:account|user\b(?! complaint)|mailbox not found|no mailbox)/i,
    says: { class: 'invalid mailbox', score: 'hard' },
  },
  { name: 'yahoo-dd', digit: 5, text: /delivery error: dd\b/i, says: { class: 'policy' } },
  // The peer ends this session and takes another one.
  {
    name: 'session-limit',
    digit: 4,
    text: /\b(?:messages|mails|emails|transactions|recipients)\b.{0,60}\b(?:session|connection)\b/i,
    says: { class: 'deferred' },
  },
  { name: 'recipients-limit', digit: 4, details: /^5\.3$/, says: { class: 'deferred' } },
  { name: 'idle', codes: [421], details: /^4\.2$/, says: { class: 'deferred' } },
];

const relayDenied =
  /relay(?:ing)? (?:access )?(?:denied|not |prohibited)|(?:unable|not permitted|not allowed) to relay/i;
const ourNames =
  /sender (?:address|domain|verif)|\be?hlo (?:command|name)|invalid e?hlo|reverse (?:dns|host|lookup)|\brdns\b|\bptr\b|find your (?:reverse )?host/i;
const ourProof = /\b(?:spf|dkim|starttls)\b|authenticat|must use tls|tls required|encryption (?:needed|required)/i;

/** Something of ours is wrong: a while of silence when it may pass; a 5xx is perhaps about this post only. */
function ours(row: Omit<ReplyRow, 'digit' | 'says'>): ReplyRow[] {
  return [
    { ...row, name: `${row.name}-deferred`, digit: 4, says: { ...ourFault, scope: 'lane', waitMs: 15 * minute } },
    { ...row, digit: 5, says: { ...ourFault, blamesPost: true } },
  ];
}

const reputationWords =
  /\b[a-z]{0,5}rbl\b|dnsbl|(?:black|block|deny)-?list|spamhaus|spamcop|barracuda|senderscore|reputation|\b(?:ip|host|network|connections?)\b.{0,60}\bblocked\b/i;
const contentWords = /spam|unsolicited|\bbulk\b|virus|malware|phish|suspicious|content|attachment|\burls?\b/i;
const sizeWords = /(?:message|mail) (?:is )?too (?:big|large|long)|message size|size limit/i;
const fullWords =
  /mailbox (?:is )?full|over[- ]?quota|quota exceeded|exceeded (?:its |the |their |storage )?(?:quota|allocation)|out of storage/i;
const noUser =
  /\b(?:user|mailbox|recipient|account)\b.{0,80}\b(?:unknown|not found|not exist|n[o']t exist|disabled|inactive|unavailable|invalid|discontinued|suspended)\b|\b(?:unknown|invalid|no such|non-?existent) (?:local )?(?:user|mailbox|recipient|account|address|person)\b|\bno mailbox\b|\bdoes(?:n't| not) have an? .{0,40}\baccount\b/i;

/** Whom or what the refusal is about: us, the domain, the message, the mailbox. */
const blame: readonly ReplyRow[] = [
  {
    name: 'relay-deferred',
    digit: 4,
    text: relayDenied,
    says: { class: 'policy', scope: 'domain', waitMs: 15 * minute },
  },
  { name: 'relay', digit: 5, text: relayDenied, says: { class: 'policy' } },
  ...ours({ name: 'our-code', details: /^(?:1\.[789]|7\.(?:[89]|1[0-3]))$/ }),
  // RFC 4954 §6, RFC 3207 §4.
  { name: 'our-login-deferred', codes: [432, 454], says: { ...ourFault, scope: 'lane', waitMs: 15 * minute } },
  { name: 'our-login', codes: [530, 534, 535, 538], says: { ...ourFault, blamesPost: true } },
  ...ours({ name: 'our-name', text: ourNames }),
  ...ours({ name: 'our-proof', details: /^(?:|[057]\.\d+)$/, text: ourProof }),
  // Codes of RFC 3463 that leave no doubt, before any words.
  {
    name: 'no-mailbox',
    digit: 5,
    details: /^(?:1\.(?:[1236]|10)|2\.1)$/,
    says: { class: 'invalid mailbox', score: 'hard' },
  },
  { name: 'no-mailbox-551', codes: [551], says: { class: 'invalid mailbox', score: 'hard' } },
  {
    name: 'domain-deferred',
    digit: 4,
    details: /^(?:1\.2|4\.[1346])$/,
    says: { class: 'deferred', scope: 'domain', waitMs: 15 * minute },
  },
  { name: 'full-deferred', digit: 4, details: /^2\.2$/, says: { class: 'full', score: 'soft' } },
  // Gmail says it of accounts that nobody has used for long, too.
  { name: 'google-full', dialect: 'google', digit: 5, details: /^2\.2$/, says: { class: 'full', score: 'hard' } },
  { name: 'full', digit: 5, details: /^2\.2$/, says: { class: 'full', score: 'soft' } },
  { name: 'size', digit: 5, details: /^(?:2\.3|3\.4)$/, says: { class: 'content', blamesPost: true } },
  { name: 'media', digit: 5, details: /^6\./, says: { class: 'content', blamesPost: true } },
  // Then the words, for those who give no code or the wrong one.
  { name: 'recipient-deferred', digit: 4, details: /^[12]\./, says: { class: 'deferred' } },
  {
    name: 'full-words-deferred',
    digit: 4,
    details: /^(?:|[0356]\.\d+)$/,
    text: fullWords,
    says: { class: 'full', score: 'soft' },
  },
  {
    name: 'full-words',
    digit: 5,
    details: /^(?:|[02356]\.\d+)$/,
    text: fullWords,
    says: { class: 'full', score: 'soft' },
  },
  { name: 'size-words', digit: 5, text: sizeWords, says: { class: 'content', blamesPost: true } },
  { name: 'reputation-deferred', digit: 4, text: reputationWords, says: { class: 'reputation', scope: 'lane' } },
  { name: 'no-mailbox-words', digit: 5, text: noUser, says: { class: 'invalid mailbox', score: 'hard' } },
  { name: 'reputation', digit: 5, text: reputationWords, says: { class: 'reputation', blamesPost: true } },
  { name: 'content', digit: 5, text: contentWords, says: { class: 'content', blamesPost: true } },
  // Microsoft's answer for a recipient that a tenant does not have: 550 5.4.1 Recipient address rejected: Access denied.
  {
    name: 'address-rejected',
    digit: 5,
    details: /^(?:|[05]\.0|1\.0|4\.1)$/,
    text: /address rejected/i,
    says: { class: 'invalid mailbox', score: 'hard' },
  },
];

/** What is left: a temporary reply that speaks of the site backs it off, another one is this recipient's own. */
const rest: readonly ReplyRow[] = [
  {
    name: 'domain-rate',
    digit: 4,
    text: /\b(?:for|to|of) (?:this |the |your )?(?:recipient )?domain\b.{0,60}(?:\brate\b|too many|limit|exceed)|(?:\brate\b|too many|limit|exceed).{0,60}\b(?:for|to|of) (?:this |the |your )?(?:recipient )?domain\b/i,
    says: { class: 'policy', scope: 'domain', waitMs: 15 * minute },
  },
  { name: 'rate', digit: 4, text: rateWords, says: { class: 'policy', scope: 'lane' } },
  { name: 'policy-deferred', digit: 4, details: /^7\./, says: { class: 'policy', scope: 'lane' } },
  { name: 'closing', codes: [421], says: { class: 'deferred', scope: 'lane' } },
  { name: 'deferred', digit: 4, says: { class: 'deferred' } },
  // It speaks of what this session said before, not of the recipient: another session may do better.
  { name: 'sequence', codes: [503], details: /^(?:|5\.[01])$/, says: { class: 'deferred', isPermanent: false } },
  { name: 'policy', digit: 5, details: /^7\./, says: { class: 'policy', blamesPost: true } },
  { name: 'full-552', codes: [552], details: /^$/, says: { class: 'full', score: 'soft' } },
  { name: 'refused', digit: 5, says: { class: 'unknown', score: 'soft' } },
];

/** All rows; the first that holds decides. Marks that only one receiver uses come first, what every host may say last. */
export const replyRows: readonly ReplyRow[] = [...named, ...site, ...blame, ...rest];
