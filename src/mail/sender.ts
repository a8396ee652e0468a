import { type Address, parseAddress } from './address.ts';

/**
 * The person behind an envelope sender: forwarders write SRS0/SRS1 (Sender Rewriting Scheme), some hosts sign with BATV's `prvs=`, some with
 * `btv1=`. The original address is what roles are looked up by. Undefined for the null sender and for what is no address.
 */
export function originalSender(envelopeSender: string): Address | undefined {
  const address = parseAddress(envelopeSender);
  if (!address) return undefined;
  const { local, domain } = address;
  const srs =
    /^SRS0[=+-][^=]+=[^=]+=([^=]+)=(.+)$/i.exec(local) ?? /^SRS1[=+-].*?==[^=]+=[^=]+=([^=]+)=(.+)$/i.exec(local);
  if (srs) return parseAddress(`${srs[2]!}@${srs[1]!}`) ?? address;
  const signed =
    /^prvs=[0-9a-f]{9,}=(.+)$/i.exec(local) ??
    /^prvs=(.+)=[0-9a-f]{9,}$/i.exec(local) ??
    /^btv1==[0-9a-f]+==(.+)$/i.exec(local);
  return signed ? (parseAddress(`${signed[1]!}@${domain}`) ?? address) : address;
}
