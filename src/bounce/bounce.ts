import type { Clock } from '../lib/clock.ts';
import type { List } from '../list/list.ts';
import type { Bounce } from '../list/store.ts';
import type { Log } from '../log.ts';
import type { MailRole } from '../list/name.ts';
import { parseHeader } from '../mail/header.ts';
import type { OpaqueVerp, ReadableVerp } from '../mail/verp.ts';
import { doneWith, type Handled } from '../queue/handled.ts';
import type { Entry } from '../queue/store.ts';
import { readReturned } from './report.ts';
import { judgeReply, type Verdict } from './verdict.ts';

/** What the bounce stage works with. */
export interface BounceTools {
  readonly clock: Clock;
  readonly log: Log;
}

/** A host that refused a member's copy of a post. */
export interface RefusedMember {
  readonly member: number;
  readonly address: string;
  readonly number: number;
  readonly reply: string;
  readonly at: number;
  /** Unique for post and member. */
  readonly cause: string;
}

/**
 * Takes what came back to a VERP address. Only a valid MAC proves that it answers a mail of ours to that member: everything else changes
 * nothing, also an unsigned address in ezmlm's form.
 */
export async function handleBounce(
  entry: Entry,
  message: Buffer,
  route: { readonly role: MailRole; readonly verp?: ReadableVerp | OpaqueVerp },
  list: List,
  tools: BounceTools,
): Promise<Handled> {
  const { verp } = route;
  const proved = verp && (await provedMember(list, route.role, verp));
  if (!proved) return ignored(entry, list, 'no valid MAC', tools);
  if (!proved.id) return ignored(entry, list, 'no member', tools);
  const returned = readReturned(message, parseHeader(message), entry.sender, proved.address);
  if (returned.kind !== 'failure') return ignored(entry, list, returned.why, tools);
  await list.store.recordBounce({
    member: proved.id,
    address: proved.address,
    number: verp.number,
    at: tools.clock.now(),
    how: 'mail',
    ...kept(returned.verdict),
    cause: entry.id,
  });
  tools.log('bounce.recorded', {
    entry: entry.id,
    list: list.name.address,
    address: proved.address,
    number: verp.number,
    reason: returned.verdict.reason,
  });
  return doneWith('bounce recorded');
}

/** Records refusals during delivery as bounces; the same refusal twice is recorded once. */
export async function recordRefusals(
  list: List,
  refusals: readonly RefusedMember[],
  tools: BounceTools,
): Promise<void> {
  for (const { member, address, number, reply, at, cause } of refusals) {
    const isNew = await list.store.recordBounce({
      member,
      address,
      number,
      at,
      how: 'refused',
      ...kept(judgeReply(address, reply)),
      cause,
    });
    if (isNew) tools.log('bounce.recorded', { list: list.name.address, address, number, reply });
  }
}

function kept({
  reason,
  permanent,
  status,
  diagnostic,
}: Verdict): Pick<Bounce, 'reason' | 'permanent' | 'status' | 'text'> {
  return { reason, permanent, status, text: diagnostic || status || 'returned mail' };
}

/** The member that a VERP address proves; without an id: a mail of ours, to nobody on the list. */
async function provedMember(
  list: List,
  role: MailRole,
  verp: ReadableVerp | OpaqueVerp,
): Promise<{ id?: number; address: string } | undefined> {
  const keys = await list.keys();
  if ('address' in verp) {
    if (!keys.verpMatches(verp.number, verp.address.canonical, verp.mac)) return undefined;
    const { canonical } = verp.address;
    const member =
      (await list.store.memberOf(role, canonical)) ??
      (await list.store.memberOf(role === 'digest' ? 'subscriber' : 'digest', canonical));
    return member ? { id: member.id, address: member.address } : { address: verp.address.text };
  }
  const member = await list.store.memberById(verp.member);
  if (!member || !keys.verpMatches(verp.number, member.address.toLowerCase(), verp.mac)) return undefined;
  return member.isGone ? { address: member.address } : { id: member.id, address: member.address };
}

function ignored(entry: Entry, list: List, why: string, { log }: BounceTools): Handled {
  log('bounce.ignored', { entry: entry.id, list: list.name.address, recipient: entry.recipient, why });
  return doneWith(`ignored: ${why}`);
}
