import { randomInt } from 'node:crypto';
import { SocketAddress } from 'node:net';
import type { Answer, MxRecord, Resolver, TlsaRecord } from './dns.ts';
import { type DnsRecord, dnsTypes } from './dns-message.ts';
import { askDns, type DnsServer } from './dns-query.ts';
import { Semaphore } from './semaphore.ts';

/** Questions at a time: each has a socket. */
const questionsMost = 200;
/** Aliases that are followed to the name that has the records; the server has put them into its answer. */
const aliasesMost = 10;
/** Records of one answer that are looked at. */
const recordsMost = 50;

/**
 * A name server that checks DNSSEC, like `127.0.0.1:53`, and whose word for it is taken: nobody may be able to speak in its place, so it
 * is on this machine.
 */
export function validatingResolver(place: string, timeoutMs = 5_000): Resolver {
  const questions = new Semaphore(questionsMost);
  const server = { ...placeOf(place), timeoutMs, tries: 3, random: randomInt };
  const ask = <T>(name: string, type: number, read: (record: DnsRecord) => T | undefined): Promise<Answer<T>> =>
    questions.run(() => answerOf(name, type, read, server));
  return {
    mx: (domain) => ask(domain, dnsTypes.mx, mxOf),
    texts: (name) => ask(name, dnsTypes.txt, textOf),
    tlsa: (name) => ask(name, dnsTypes.tlsa, tlsaOf),
    addresses: async (host) => {
      const answers = await Promise.all([ask(host, dnsTypes.a, ipv4Of), ask(host, dnsTypes.aaaa, ipv6Of)]);
      const found = answers.filter((answer) => answer.kind === 'found');
      if (found.length === 0) return answers.find((answer) => answer.kind === 'trouble') ?? answers[0];
      // What is not proved of one family must not be taken for proved because the other is.
      const isSigned = found.every((answer) => answer.isSigned === true);
      return { ...found[0]!, isSigned, records: found.flatMap(({ records }) => records) };
    },
  };
}

async function answerOf<T>(
  name: string,
  type: number,
  read: (record: DnsRecord) => T | undefined,
  server: DnsServer,
): Promise<Answer<T>> {
  const reply = await askDns(name, type, server);
  if (typeof reply === 'string') return { kind: 'trouble', cause: reply };
  if (reply.rcode === 3) return { kind: 'missing' };
  // SERVFAIL (2) is also what a validating server says of what is forged.
  if (reply.rcode !== 0) return { kind: 'trouble', cause: `the name server answered ${reply.rcode}` };
  let owner = name.toLowerCase();
  for (let n = 0; n < aliasesMost; n++) {
    const alias = reply.records.find((record) => record.type === dnsTypes.cname && record.name === owner);
    if (!alias) break;
    owner = alias.target;
  }
  const own = reply.records.filter((record) => record.type === type && record.name === owner).slice(0, recordsMost);
  const records = own.map(read).filter((record) => record !== undefined);
  const { isSigned } = reply;
  return records.length > 0 ? { kind: 'found', records, isSigned, owner } : { kind: 'none', isSigned };
}

function mxOf({ octets, target }: DnsRecord): MxRecord | undefined {
  return octets.length < 3 ? undefined : { preference: octets.readUInt16BE(0), host: target };
}

function textOf({ octets }: DnsRecord): string {
  let text = '';
  for (let at = 0; at < octets.length; at += octets[at]! + 1)
    text += octets.toString('utf8', at + 1, at + 1 + octets[at]!);
  return text;
}

// One that is too short is none that can be used; but it is there.
function tlsaOf({ octets }: DnsRecord): TlsaRecord {
  const [usage = 255, selector = 255, matching = 255] = octets;
  return { usage, selector, matching, octets: octets.subarray(3) };
}

function ipv4Of({ octets }: DnsRecord): string | undefined {
  return octets.length === 4 ? octets.join('.') : undefined;
}

function ipv6Of({ octets }: DnsRecord): string | undefined {
  const groups = octets.toString('hex').match(/.{4}/g);
  return octets.length === 16 ? new SocketAddress({ address: groups!.join(':'), family: 'ipv6' }).address : undefined;
}

function placeOf(place: string): { address: string; port: number } {
  const at = place.lastIndexOf(':');
  const host = place.slice(0, at).replace(/^\[|\]$/g, '');
  return { address: host === 'localhost' ? '127.0.0.1' : host, port: Number(place.slice(at + 1)) };
}
