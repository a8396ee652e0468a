import { automaticReason } from '../mail/automatic.ts';
import { type Header, valueOf, valuesOf } from '../mail/header.ts';
import { decodeWords } from '../mail/words.ts';
import type { ListName, Role } from '../list/name.ts';
import type { ListSettings } from '../list/settings.ts';

/** All that the rules look at; nothing else may decide about a post. */
export interface PostFacts {
  readonly list: ListName;
  readonly settings: ListSettings;
  /** Envelope sender; empty is the null sender. */
  readonly sender: string;
  /** The roles of the sender's original address (`mail/sender.ts`). */
  readonly roles: readonly Role[];
  /** It came from the owner's command line; an envelope sender is no proof of that. */
  readonly isOwner: boolean;
  readonly header: Header;
  /** Octets of the whole message and of its body. */
  readonly size: number;
  readonly bodySize: number;
}

export type PostVerdict =
  | { readonly kind: 'accept' }
  /** `text` is what the poster reads behind 5.7.1. */
  | { readonly kind: 'reject'; readonly rule: string; readonly text: string }
  /** Nobody is told: the sender is a machine, or a list. */
  | { readonly kind: 'discard'; readonly rule: string };

interface Rule {
  readonly name: string;
  /** Why the rule stands where it stands. */
  readonly place: string;
  readonly check: (post: PostFacts) => string | boolean;
  readonly hit: 'reject' | 'discard';
}

const rules: readonly Rule[] = [
  {
    name: 'loop',
    place: 'first: nothing may go round, whoever sends it',
    check: ({ header, list }) =>
      valuesOf(header, 'delivered-to').some((value) => value.toLowerCase() === `mailing list ${list.address}`) ||
      valuesOf(header, 'list-id').some((value) => value.toLowerCase().includes(`<${list.name}.${list.domain}>`)),
    hit: 'reject',
  },
  {
    name: 'other list',
    place: 'a loop over two lists: each adds this field and refuses the other one’s',
    check: ({ header }) =>
      valueOf(header, 'mailing-list') === undefined ? false : 'mail of another mailing list is not taken here',
    hit: 'reject',
  },
  {
    name: 'null sender',
    place: 'before anything that answers: a bounce has nobody to tell',
    check: ({ sender }) => (sender === '' || sender === '#@[]' ? 'bounces are not taken here' : false),
    hit: 'reject',
  },
  {
    name: 'automatic',
    place: 'before the rules about people: a vacation message must not be told to subscribe',
    check: ({ header }) => automaticReason(header) !== undefined,
    hit: 'discard',
  },
  {
    name: 'denied',
    place: 'before all roles: deny wins over subscriber',
    check: ({ roles }) => (roles.includes('deny') ? 'your posts to this list are refused' : false),
    hit: 'reject',
  },
  {
    name: 'closed',
    place: 'before the roles that may post otherwise',
    check: ({ settings }) => (settings.posting === 'nobody' ? 'this list takes no posts' : false),
    hit: 'reject',
  },
  {
    name: 'owner only',
    place: 'with the other settings of who may post',
    check: ({ settings, isOwner }) =>
      settings.posting === 'owner' && !isOwner ? 'only the owner posts to this list' : false,
    hit: 'reject',
  },
  {
    name: 'subscribers only',
    place: 'with the other settings of who may post',
    check: ({ settings, isOwner, roles, list }) =>
      settings.posting === 'subscribers' && !isOwner && !roles.some((role) => role !== 'deny')
        ? `only subscribers post to this list; to subscribe, write to ${list.name}-subscribe@${list.domain}`
        : false,
    hit: 'reject',
  },
  {
    name: 'too large',
    place: 'after who: strangers learn nothing of the limits',
    check: ({ settings, size }) =>
      size > settings.bytesMost ? `posts to this list have at most ${settings.bytesMost} octets` : false,
    hit: 'reject',
  },
  {
    name: 'too small',
    place: 'beside the other size',
    check: ({ settings, bodySize }) =>
      bodySize < settings.bytesLeast ? `posts to this list have at least ${settings.bytesLeast} octets` : false,
    hit: 'reject',
  },
  {
    name: 'empty subject',
    place: 'content last: it is what a poster can mend',
    check: ({ settings, header }) =>
      settings.subjectNeeded && /^(?:|\(null\)|\(none\)|\(no subject\))$/i.test(subjectOf(header))
        ? 'a post needs a subject'
        : false,
    hit: 'reject',
  },
  {
    name: 'command subject',
    place: 'content last: it is what a poster can mend',
    check: ({ settings, header, list }) =>
      settings.commandSubjectRefused && /^(?:help|remove|subscribe|unsubscribe)$/i.test(subjectOf(header))
        ? `this looks like a command; to leave the list write to ${list.name}-unsubscribe@${list.domain}, for help to ${list.name}-help@${list.domain}`
        : false,
    hit: 'reject',
  },
];

/** Judges a post by the rules in their order; the first that hits decides. Pure. */
export function judgePost(post: PostFacts): PostVerdict {
  for (const rule of rules) {
    const found = rule.check(post);
    if (found === false) continue;
    if (rule.hit === 'discard') return { kind: 'discard', rule: rule.name };
    return {
      kind: 'reject',
      rule: rule.name,
      text: typeof found === 'string' ? found : 'this message has been here before: it loops',
    };
  }
  return { kind: 'accept' };
}

function subjectOf(header: Header): string {
  return decodeWords(valueOf(header, 'subject') ?? '').trim();
}
