import { statSync } from 'node:fs';
import { join } from 'node:path';
import { safeName } from '../lib/files.ts';
import type { Address } from '../mail/address.ts';

/** The Maildir of a mailbox: `domains/<domain>/<local part>/`, both made safe as names. */
export function mailboxDirectory(domains: string, domain: string, local: string): string {
  return join(domains, safeName(domain), safeName(local.toLowerCase()));
}

/** A mailbox is there when its directory is. */
export function hasMailbox(domains: string, address: Address): boolean {
  return (
    statSync(mailboxDirectory(domains, address.domain, address.local), { throwIfNoEntry: false })?.isDirectory() ??
    false
  );
}
