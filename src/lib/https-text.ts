import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { rootCertificates } from 'node:tls';
import type { Resolver } from './dns.ts';
import { isPublicAddress } from './public-address.ts';

/** How texts are fetched, and how much of them. */
export interface HttpsTextParts {
  readonly resolver: Pick<Resolver, 'addresses'>;
  /** Milliseconds from the first connection to the last octet. */
  readonly timeoutMs: number;
  readonly octetsMost: number;
  /** Addresses that may be spoken to; without it: hosts of the open internet, for others choose the name. */
  readonly mayReach?: (address: string) => boolean;
  /** Without it 443. */
  readonly port?: number;
  /** Authorities that certificates may be signed by, beside the usual ones, as PEM. */
  readonly authorities?: string;
}

/**
 * Fetches a plain text over HTTPS from a host whose certificate names it. No redirect is followed: whoever can make one, by a hole in a
 * web server, must not speak for the host. The address that was looked at is the one that is connected to.
 */
export async function httpsText(
  host: string,
  path: string,
  parts: HttpsTextParts,
): Promise<string | { readonly trouble: string }> {
  const answer = await parts.resolver.addresses(host);
  if (answer.kind !== 'found') return { trouble: `${host} has no address` };
  const addresses = answer.records.filter(parts.mayReach ?? isPublicAddress);
  if (addresses.length === 0) return { trouble: `${host} has no public address` };
  try {
    return await read(await get(host, path, addresses, parts), parts.octetsMost);
  } catch (error) {
    return { trouble: (error as Error).message };
  }
}

async function get(
  host: string,
  path: string,
  addresses: readonly string[],
  { timeoutMs, port = 443, authorities }: HttpsTextParts,
): Promise<IncomingMessage> {
  const asked = request({
    host,
    port,
    path,
    servername: host,
    agent: false,
    lookup: lookupIn(addresses),
    signal: AbortSignal.timeout(timeoutMs),
    minVersion: 'TLSv1.2',
    ...(authorities === undefined ? {} : { ca: [...rootCertificates, authorities] }),
  });
  // What happens after the answer has begun is told by the answer.
  asked.on('error', () => {}).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return response;
}

async function read(response: IncomingMessage, octetsMost: number): Promise<string | { readonly trouble: string }> {
  const { statusCode, headers } = response;
  const isPlain = /^text\/plain(?:$|[; \t])/i.test(headers['content-type'] ?? '');
  const parts: Buffer[] = [];
  let length = 0;
  try {
    if (statusCode !== 200) return { trouble: `it answered ${statusCode}` };
    if (!isPlain) return { trouble: 'it is not text/plain' };
    for await (const part of response as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > octetsMost) return { trouble: `it has more than ${octetsMost} octets` };
      parts.push(part);
    }
    return Buffer.concat(parts).toString('utf8');
  } finally {
    response.destroy();
  }
}

function lookupIn(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, done) => {
    if (options.all === true) done(null, all);
    else done(null, all[0]!.address, all[0]!.family);
  };
}
