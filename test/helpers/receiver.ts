import { authenticate } from 'mailauth';

/** What a receiver's tool says of the signatures of a domain in a message; `records`: TXT records by name. */
export async function signaturesOf(
  message: Buffer,
  domain: string,
  records: Readonly<Record<string, string>>,
): Promise<string[]> {
  const resolver = async (name: string, type: string): Promise<string[][]> => {
    const record = type === 'TXT' ? records[name] : undefined;
    if (record === undefined) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    return [[record]];
  };
  const sender = `sender@${domain}`;
  const { dkim } = await authenticate(message, { ip: '192.0.2.1', helo: domain, sender, resolver });
  return dkim.results.filter((one) => one.signingDomain === domain).map(({ status }) => status.result);
}
