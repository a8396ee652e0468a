import { valueOf } from '../mail/header.ts';
import { decodeWords, encodeWords } from '../mail/words.ts';
import { commandAddress } from '../list/grammar.ts';
import { listHeader } from '../list/header.ts';
import type { ListName } from '../list/name.ts';
import type { ListSettings } from '../list/settings.ts';
import { type Draft, draftOctets, draftOf, headerOf, newField } from './draft.ts';
import { addTrailer } from './trailer.ts';

/** What the edits need to know. */
export interface EditFacts {
  readonly list: ListName;
  readonly settings: ListSettings;
  readonly number: number;
  /** The text of the trailer; used when the setting is on. */
  readonly trailer: string;
  /** Separates MIME parts that we add; not in the message. */
  readonly boundary: string;
}

interface Edit {
  readonly name: string;
  /** Why it stands where it stands. */
  readonly place: string;
  readonly edit: (draft: Draft, facts: EditFacts) => Draft;
}

/** Octets of a header line: RFC 5322 §2.1.1 recommends 78 with the line end. */
const lineOctets = 76;

/** Fields that no post keeps: what a poster may not say for the list, receipts to the poster, and what is true of one hop only. */
const alwaysRemoved = [
  'mailing-list',
  'archived-at',
  'return-path',
  'precedence',
  'errors-to',
  'bcc',
  'content-length',
  'return-receipt-to',
  'disposition-notification-to',
  'x-confirm-reading-to',
  'x-pmrqc',
  'bimi-selector',
  'bimi-indicator',
];

const edits: readonly Edit[] = [
  {
    name: 'remove',
    place: 'first: what is added after it is never taken out again',
    edit: ({ fields, body }, { settings }) => {
      const removed = new Set([...alwaysRemoved, ...settings.headersRemoved.map((name) => name.toLowerCase())]);
      return { fields: fields.filter(({ name }) => !removed.has(name) && !name.startsWith('list-')), body };
    },
  },
  {
    name: 'reply-to',
    place: 'before the list fields, so that those stand on top',
    edit: ({ fields, body }, { settings, list }) => {
      if (settings.replyTo !== 'list') return { fields, body };
      return {
        fields: [...fields.filter(({ name }) => name !== 'reply-to'), newField('Reply-To', list.address)],
        body,
      };
    },
  },
  {
    name: 'prefix',
    place: 'before the trailer, which may move content fields about',
    edit: (draft, facts) => addPrefix(draft, facts),
  },
  {
    name: 'trailer',
    place: 'after all that looks at the header as the poster wrote it',
    edit: (draft, facts) => (facts.settings.trailer ? addTrailer(draft, facts.trailer, facts.boundary) : draft),
  },
  {
    name: 'list fields',
    place: 'last: on top of everything, in an order of their own',
    edit: ({ fields, body }, facts) => ({ fields: [...listFields(facts), ...fields], body }),
  },
];

/** Makes of a post as received what every member gets. With no prefix and no trailer the octets of the body stay as they came. */
export function dressPost(message: Buffer, facts: EditFacts): Buffer {
  let draft = draftOf(message);
  for (const { edit } of edits) draft = edit(draft, facts);
  return draftOctets(draft);
}

function listFields(facts: EditFacts): Draft['fields'] {
  const { list, settings } = facts;
  const added = settings.headersAdded.map((line) => splitField(line));
  return [
    newField('Mailing-List', `contact ${commandAddress(list, 'help')!}; run by ezlm`),
    ...listHeader(list, settings).map(([name, value]) => newField(name, value)),
    newField('Precedence', 'list'),
    // The mark by which the list knows its own posts when they come round.
    newField('Delivered-To', `mailing list ${list.address}`),
    ...added.map(([name, value]) => newField(name, value)),
  ];
}

function splitField(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

function addPrefix(draft: Draft, { settings, number }: EditFacts): Draft {
  if (settings.prefix === '') return draft;
  if (hasPrefix(decodeWords(valueOf(headerOf(draft), 'subject') ?? ''), settings.prefix)) return draft;
  const hash = settings.prefix.lastIndexOf('#');
  const prefix =
    hash < 0 ? settings.prefix : `${settings.prefix.slice(0, hash)}${number}${settings.prefix.slice(hash + 1)}`;
  const old = draft.fields.find(({ name }) => name === 'subject');
  const subject = prefixedSubject(newField('Subject', encodeWords(prefix)).octets, old?.octets);
  const at = draft.fields.findIndex(({ name }) => name === 'subject');
  const fields = draft.fields.filter(({ name }) => name !== 'subject');
  return {
    fields: fields.toSpliced(at < 0 ? fields.length : at, 0, { name: 'subject', octets: subject }),
    body: draft.body,
  };
}

// In a reply the prefix stands behind the `Re:`, with the number of another post.
function hasPrefix(subject: string, prefix: string): boolean {
  const hash = prefix.lastIndexOf('#');
  const before = squeeze(hash < 0 ? prefix : prefix.slice(0, hash));
  const after = squeeze(hash < 0 ? '' : prefix.slice(hash + 1));
  const text = squeeze(subject);
  const at = text.indexOf(before);
  if (at < 0 || hash < 0) return at >= 0;
  return (
    /^\d+/.test(text.slice(at + before.length)) &&
    text
      .slice(at + before.length)
      .replace(/^\d+/, '')
      .startsWith(after)
  );
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, '').toLowerCase();
}

// What the poster wrote stays as it came, in its own folds and whatever character set it may be.
function prefixedSubject(prefix: Buffer, old: Buffer | undefined): Buffer {
  const rest = old?.toString('latin1').replace(/^[^:]*:[ \t\r\n]*/, '') ?? '';
  if (rest === '') return prefix;
  const line = prefix.toString('latin1').trimEnd();
  const width = line.length - line.lastIndexOf('\n') + rest.indexOf('\n');
  return Buffer.from(`${line}${width <= lineOctets ? ' ' : '\r\n '}${rest}`, 'latin1');
}
