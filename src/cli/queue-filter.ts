import type { EntryFilter, EntryKind } from '../queue/store.ts';
import type { RecipientFilter, WaitingState } from '../queue/waiting-recipients.ts';
import { type Call, type Complaint, complaint, exit, isComplaint } from './door.ts';
import { readListName } from './list-argument.ts';

/** What the filters of a command line ask for. */
export interface QueueFilter {
  /** Undefined: no entries, for only recipients have what is asked for. */
  readonly entries: EntryFilter | undefined;
  /** Undefined: no recipients, for nothing asks for them. */
  readonly recipients: RecipientFilter | undefined;
  /** There were any. */
  readonly isGiven: boolean;
  /** `--domain`, for what is said about it. */
  readonly domain: string | undefined;
}

/** What the options say that both kinds of filter can be made of. */
interface Options {
  readonly shared: Pick<EntryFilter, 'list' | 'domain' | 'olderThan' | 'newerThan' | 'reply'>;
  readonly state: EntryFilter['state'] | WaitingState;
  readonly kind: EntryKind | 'recipient' | undefined;
}

/** Reads `--list`, `--domain`, `--state`, `--kind`, `--older-than`, `--newer-than` and `--reply`. */
export function readFilter(call: Call): QueueFilter | Complaint {
  const list = call.text('list');
  const name = list === undefined ? undefined : readListName(call.door, list);
  if (isComplaint(name)) return name;
  const ages = readAges(call);
  if (isComplaint(ages)) return ages;
  const domain = call.text('domain')?.toLowerCase();
  const reply = call.text('reply');
  const shared = {
    ...(name ? { list: name.address } : {}),
    ...(domain === undefined ? {} : { domain }),
    ...(reply === undefined ? {} : { reply }),
    ...ages,
  };
  return filterOf({
    shared,
    state: call.text('state') as Options['state'],
    kind: call.text('kind') as Options['kind'],
  });
}

function filterOf({ shared, state, kind }: Options): QueueFilter | Complaint {
  const isWaiting = state === 'deferred' || state === 'uncertain' || state === 'untried';
  if (kind === 'recipient' && state !== undefined && !isWaiting)
    return complaint(
      exit.usage,
      `no recipient is ${state}`,
      'write --state untried, deferred or uncertain, or another --kind',
    );
  // A post's entry bears the list's own domain, and no reply: who asks for those means its recipients.
  const asksRecipients = isWaiting || (state === undefined && (shared.domain ?? shared.reply) !== undefined);
  const isEntry = kind !== 'recipient' && state !== 'uncertain' && state !== 'untried';
  const isRecipient = kind === 'recipient' || (kind === undefined && asksRecipients);
  return {
    entries: isEntry ? { ...shared, ...(state ? { state } : {}), ...(kind ? { kind } : {}) } : undefined,
    recipients: isRecipient ? { ...shared, ...(isWaiting ? { state } : {}) } : undefined,
    isGiven: state !== undefined || kind !== undefined || Object.keys(shared).length > 0,
    domain: shared.domain,
  };
}

function readAges(call: Call): Pick<EntryFilter, 'olderThan' | 'newerThan'> | Complaint {
  const ages: { olderThan?: number; newerThan?: number } = {};
  for (const [option, name] of [
    ['older-than', 'olderThan'],
    ['newer-than', 'newerThan'],
  ] as const) {
    const text = call.text(option);
    if (text === undefined) continue;
    const age = ageMs(text);
    if (age === undefined)
      return complaint(exit.usage, `"${text}" is not an age`, `write --${option} 90s, 15m, 6h or 2d`);
    ages[name] = age;
  }
  return ages;
}

function ageMs(text: string): number | undefined {
  const found = /^(\d{1,6})([smhd])$/.exec(text);
  const unit = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[found?.[2] ?? ''];
  return found && unit !== undefined ? Number(found[1]) * unit : undefined;
}
