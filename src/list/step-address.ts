import { base32Integer, fromBase32Integer } from '../lib/base32.ts';
import { canonicalOf } from '../mail/address.ts';
import type { Step } from './ladder.ts';
import type { Keys } from './list.ts';
import type { ListName } from './name.ts';

/**
 * The envelope sender of a warning or a probe: `return.<list id>.<warn|probe>.<minutes>.<member>.<mac>`, with 80 bits of MAC. Since a
 * membership hangs on it, nobody but the member's own mail system has ever seen it. There is no readable form: it would leave 23 octets for
 * `user=domain` behind a list name of four.
 */
export interface StepClaim {
  readonly listId: string;
  readonly step: Step;
  /** When the step was taken, milliseconds since 1970, a whole minute. */
  readonly since: number;
  readonly member: number;
  readonly mac: string;
}

/** Whom a step asks. */
interface Asked {
  readonly id: number;
  readonly address: string;
}

const minuteMs = 60_000;

/** Writes the envelope sender of a step that was taken at `since`, a whole minute. */
export function stepSender(list: ListName, step: Step, since: number, member: Asked, keys: Keys): string {
  const mac = keys.tokenMac(partsOf(step, since, member));
  const minutes = base32Integer(since / minuteMs);
  return `return.${list.id}.${step}.${minutes}.${base32Integer(member.id)}.${mac}@${list.domain}`;
}

/** Reads a local part of that form; its MAC is still to be checked. Undefined when it is something else. */
export function parseStepAddress(local: string): StepClaim | undefined {
  const found = /^return\.([a-z2-7]{8})\.(warn|probe)\.([a-z2-7]{1,9})\.([a-z2-7]{1,11})\.([a-z2-7]{16})$/.exec(
    local.toLowerCase(),
  );
  const minutes = fromBase32Integer(found?.[3] ?? '');
  const member = fromBase32Integer(found?.[4] ?? '');
  if (!found || minutes === undefined || member === undefined) return undefined;
  return Object.freeze({
    listId: found[1]!,
    step: found[2] as Step,
    since: minutes * minuteMs,
    member,
    mac: found[5]!,
  });
}

/** Whether the claim is of a mail that we sent to this member. */
export function provesStep({ step, since, mac }: StepClaim, member: Asked, keys: Keys): boolean {
  return keys.tokenMatches(partsOf(step, since, member), mac);
}

function partsOf(step: Step, since: number, { id, address }: Asked): string[] {
  return ['bounce', step, String(since / minuteMs), String(id), canonicalOf(address)];
}
