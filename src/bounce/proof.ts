import type { List } from '../list/list.ts';
import type { MailRole, Role } from '../list/name.ts';
import { parseStepAddress, provesStep, type StepClaim } from '../list/step-address.ts';
import { parseOpaqueVerp, parseReadableVerp, type OpaqueVerp, type ReadableVerp } from '../mail/verp.ts';
import type { Step } from '../list/ladder.ts';

/** Whom something that came back is about: a signed address proves that it answers a mail of ours. */
export interface Proved {
  readonly address: string;
  /** Undefined: nobody who is a member now. */
  readonly member?: number;
  readonly role: Role;
  /** The post's number; 0 for our other mails. */
  readonly number: number;
  readonly step?: { readonly step: Step; readonly since: number };
}

/** What the address that a mail came to says. */
export interface Claim {
  readonly role: MailRole;
  readonly verp?: ReadableVerp | OpaqueVerp;
  readonly isBare?: true;
  readonly step?: StepClaim;
}

/** Octets that are searched for our addresses. */
const searchedMost = 262_144;
/** Our addresses that are tried in one mail. */
const triedMost = 20;

/** Checks the address that a mail came to. */
export async function prove(list: List, { role, verp, step }: Claim): Promise<Proved | undefined> {
  if (step) return proveStep(list, step);
  if (!verp) return undefined;
  return 'address' in verp ? proveReadable(list, role, verp) : proveOpaque(list, verp);
}

/**
 * Looks for one of our signed envelope senders in a mail that came to an address which proves nothing: systems that answer to the owner, or to a
 * field of the header, send back what they got with its Return-Path, and reports of complaints name the sender.
 */
export async function proveWithin(list: List, message: Buffer): Promise<Proved | undefined> {
  const { name, id, domain } = list.name;
  const host = escaped(domain);
  const pattern = new RegExp(
    `(?<![a-z0-9._+-])(?:${escaped(name)}(-digest)?-return-(\\d{1,15}\\.[a-z2-7]{8}-[^\\s<>"@]{1,60})|(return\\.${id}\\.[a-z2-7.]{1,50}))@${host}`,
    'gi',
  );
  const text = message.subarray(0, searchedMost).toString('latin1');
  let tried = 0;
  for (const found of text.matchAll(pattern)) {
    if (++tried > triedMost) return undefined;
    const proved = await prove(list, claimOf(found));
    if (proved) return proved;
  }
  return undefined;
}

function claimOf([, digest, readable, opaque]: RegExpExecArray): Claim {
  const role = digest === undefined ? 'subscriber' : 'digest';
  const verp = readable === undefined ? parseOpaqueVerp(opaque ?? '') : parseReadableVerp(readable);
  const step = parseStepAddress(opaque ?? '');
  return { role, ...(verp ? { verp } : {}), ...(step ? { step } : {}) };
}

async function proveStep(list: List, claim: StepClaim): Promise<Proved | undefined> {
  const member = await list.store.memberById(claim.member);
  if (!member || !provesStep(claim, member, await list.keys())) return undefined;
  const { step, since } = claim;
  return provedOf(member, 0, { step: { step, since } });
}

async function proveReadable(list: List, role: MailRole, verp: ReadableVerp): Promise<Proved | undefined> {
  const { canonical } = verp.address;
  if (!(await list.keys()).verpMatches(verp.number, canonical, verp.mac)) return undefined;
  const other = role === 'digest' ? 'subscriber' : 'digest';
  const member = (await list.store.memberOf(role, canonical)) ?? (await list.store.memberOf(other, canonical));
  return member
    ? provedOf({ ...member, isGone: false }, verp.number)
    : { address: verp.address.text, role, number: verp.number };
}

async function proveOpaque(list: List, verp: OpaqueVerp): Promise<Proved | undefined> {
  const member = await list.store.memberById(verp.member);
  const isOurs = member && (await list.keys()).verpMatches(verp.number, member.address.toLowerCase(), verp.mac);
  return isOurs ? provedOf(member, verp.number) : undefined;
}

function provedOf(
  { id, address, role, isGone }: { id: number; address: string; role: Role; isGone: boolean },
  number: number,
  more: Pick<Proved, 'step'> = {},
): Proved {
  return { address, role, number, ...(isGone ? {} : { member: id }), ...more };
}

function escaped(text: string): string {
  return text.replace(/[.+]/g, '\\$&');
}
