import { keyRecord, type SigningKey } from '../mail/dkim.ts';
import type { Call } from './door.ts';
import { printJson } from './door.ts';

/** A record to publish, as a line of a zone file has it. */
export interface DnsRecord {
  readonly name: string;
  readonly type: 'MX' | 'TXT';
  readonly value: string;
}

/** Octets of one string of a TXT record (RFC 1035 §3.3). */
const stringOctetsMost = 255;

/** What receivers look up about a domain of lists (RFC 5321 §5.1, RFC 7208 §3, RFC 6376 §3.6.2, RFC 9989). */
export function recordsFor(domain: string, hostname: string, keys: readonly SigningKey[]): DnsRecord[] {
  return [
    { name: domain, type: 'MX', value: `10 ${hostname}.` },
    { name: domain, type: 'TXT', value: '"v=spf1 mx -all"' },
    ...keys.map(recordOf),
    { name: `_dmarc.${domain}`, type: 'TXT', value: `"v=DMARC1; p=none; rua=mailto:postmaster@${domain}"` },
  ];
}

/** Prints records as lines of a zone file, or as JSON, one object a line. */
export async function printRecords(call: Call, records: readonly DnsRecord[]): Promise<void> {
  if (call.flag('json')) {
    for (const record of records) await printJson(call.door, { ...record });
    return;
  }
  const width = Math.max(...records.map((record) => record.name.length)) + 1;
  for (const { name, type, value } of records) {
    await call.door.print(`${`${name}.`.padEnd(width)} IN ${type.padEnd(3)} ${value}\n`);
  }
  const host = records[0]!.value.split(' ')[1]!;
  await call.door.print(
    `; ${host} needs A or AAAA records with this server's addresses, and their reverse (PTR) records must name it\n`,
  );
}

function recordOf(key: SigningKey): DnsRecord {
  return { name: `${key.selector}._domainkey.${key.domain}`, type: 'TXT', value: quoted(keyRecord(key)) };
}

function quoted(text: string): string {
  const strings = text.match(new RegExp(`.{1,${stringOctetsMost}}`, 'g')) ?? [];
  return strings.map((string) => `"${string}"`).join(' ');
}
