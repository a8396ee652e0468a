import { createHash, createPublicKey, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { parseDomain } from './address.ts';
import { failed, permanent, type Result, success } from './failure.ts';
import { type Field, type Header, parseHeader } from './header.ts';

/** A private key, parsed once, and the DNS name that its public half is published under. */
export interface SigningKey {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256';
  readonly secret: KeyObject;
}

/** Characters of a signature on a line. */
const lineMost = 72;
const cr = 13;
const lf = 10;
const space = 32;
const tab = 9;

// RFC 6376 §5.4.1 and RFC 8058 §4. Each is named once more than it occurs, so that none can be added behind our back (§8.15).
const signedNames = (
  'from to cc subject date message-id reply-to sender in-reply-to references mime-version content-type content-transfer-encoding ' +
  'list-id list-help list-subscribe list-unsubscribe list-unsubscribe-post list-post list-owner list-archive'
).split(' ');

/**
 * Reads a private key in PEM: RSA of 2,048 bits or more, or Ed25519 (RFC 8301 §3.2, RFC 8463). Fails for any other key, and for names that
 * cannot stand in DNS.
 */
export function signingKey(domainText: string, selector: string, pem: string): Result<SigningKey> {
  const domain = parseDomain(domainText);
  if (domain === undefined || domain.startsWith('[')) return refused('the domain of a signing key is none');
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(selector)) return refused('the selector of a signing key is none');
  const secret = readSecret(pem);
  const algorithm = secret && algorithmOf(secret);
  if (!algorithm) return refused('a signing key is neither RSA of 2,048 bits or more nor Ed25519');
  return success(Object.freeze({ domain, selector, algorithm, secret }));
}

/** The TXT record to publish at `<selector>._domainkey.<domain>` (RFC 6376 §3.6.1, RFC 8463 §4). */
export function keyRecord({ secret, algorithm }: SigningKey): string {
  const spki = createPublicKey(secret).export({ type: 'spki', format: 'der' });
  // The last 32 octets of an Ed25519 SubjectPublicKeyInfo are the key itself (RFC 8410 §4).
  return algorithm === 'rsa-sha256'
    ? `v=DKIM1; k=rsa; p=${spki.toString('base64')}`
    : `v=DKIM1; k=ed25519; p=${spki.subarray(-32).toString('base64')}`;
}

/** The `bh=` value of a body with CRLF line ends: SHA-256 of its relaxed form, in base64 (RFC 6376 §3.4.4, §3.7). */
export function bodyHash(body: Buffer): string {
  return createHash('sha256').update(relaxedBody(body)).digest('base64');
}

/**
 * The DKIM-Signature fields to put before a message, one per key, each with its CRLF. `head` is the header with CRLF line ends (a body
 * behind it is not looked at), `hash` the `bodyHash` of the body as it will be sent, `seconds` the Unix time of signing.
 */
export function signatureFields(head: Buffer, hash: string, keys: readonly SigningKey[], seconds: number): Buffer {
  const { names, text } = signedPart(parseHeader(head));
  return Buffer.from(keys.map((key) => signed(key, names, text, hash, seconds)).join(''), 'latin1');
}

function signed(key: SigningKey, names: readonly string[], text: string, hash: string, seconds: number): string {
  const { unsigned, end } = unsignedField(key, names, hash, seconds);
  const input = Buffer.from(text + end, 'latin1');
  // RFC 8463 §3: Ed25519 signs the hash, not the text.
  const signature =
    key.algorithm === 'rsa-sha256'
      ? sign('sha256', input, key.secret)
      : sign(null, createHash('sha256').update(input).digest(), key.secret);
  return signatureField(unsigned, signature);
}

/** A DKIM-Signature field up to its value, and `end`, the form of it that is signed behind all other fields. */
export function unsignedField(
  { algorithm, domain, selector }: SigningKey,
  names: readonly string[],
  hash: string,
  seconds: number,
): { readonly unsigned: string; readonly end: string } {
  const unsigned =
    `DKIM-Signature: v=1; a=${algorithm}; c=relaxed/relaxed;\r\n d=${domain};\r\n s=${selector}; t=${Math.floor(seconds)};` +
    `\r\n h=${foldedNames(names)};\r\n bh=${hash};\r\n b=`;
  return { unsigned, end: `dkim-signature:${relaxedValue(unsigned.slice('DKIM-Signature:'.length))}` };
}

/** The whole field, with its line end. */
export function signatureField(unsigned: string, signature: Buffer): string {
  return `${unsigned}${folded(signature.toString('base64'))}\r\n`;
}

/**
 * The names for `h=` and the text of their fields, but for those of one name. RFC 6376 §5.4.2: of several fields of one name the last is
 * signed first.
 */
export function signedPart(header: Header, except = ''): { names: string[]; text: string } {
  const names: string[] = [];
  let text = '';
  for (const name of signedNames) {
    if (name === except) continue;
    const fields = header.fields.filter((field) => field.name === name).toReversed();
    for (const field of fields) text += `${name}:${relaxedValue(octetsOf(header, field))}\r\n`;
    names.push(...fields.map(() => name), name);
  }
  return { names, text };
}

function octetsOf({ source }: Header, { valueStart, end }: Field): string {
  return source.toString('latin1', valueStart, end);
}

// RFC 6376 §3.4.2. Not `trim`, which takes the octet A0 of UTF-8 for a blank.
function relaxedValue(value: string): string {
  return value.replace(/[ \t\r\n]+/g, ' ').replace(/^ | $/g, '');
}

function folded(text: string): string {
  let lines = text.slice(0, lineMost);
  for (let at = lineMost; at < text.length; at += lineMost) lines += `\r\n ${text.slice(at, at + lineMost)}`;
  return lines;
}

function foldedNames(names: readonly string[]): string {
  let folded = '';
  let width = 3;
  for (const name of names) {
    const mustFold = folded !== '' && width + name.length > 74;
    folded += `${folded === '' ? '' : ':'}${mustFold ? '\r\n  ' : ''}${name}`;
    width = (mustFold ? 2 : width) + name.length + 1;
  }
  return folded;
}

function relaxedBody(body: Buffer): Buffer {
  const out = Buffer.allocUnsafe(body.length + 2);
  let end = 0;
  let lineEnds = 0;
  let hasBlank = false;
  for (let at = 0; at < body.length; at++) {
    const octet = body[at]!;
    if (octet === space || octet === tab) {
      hasBlank = true;
    } else if (octet === cr && body[at + 1] === lf) {
      at++;
      lineEnds++;
      hasBlank = false;
    } else {
      for (; lineEnds > 0; lineEnds--) end = writeLineEnd(out, end);
      if (hasBlank) out[end++] = space;
      hasBlank = false;
      out[end++] = octet;
    }
  }
  return out.subarray(0, end === 0 ? 0 : writeLineEnd(out, end));
}

function writeLineEnd(out: Buffer, end: number): number {
  out[end] = cr;
  out[end + 1] = lf;
  return end + 2;
}

function readSecret(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): SigningKey['algorithm'] | undefined {
  if (asymmetricKeyType === 'ed25519') return 'ed25519-sha256';
  const bits = asymmetricKeyDetails?.modulusLength ?? 0;
  return asymmetricKeyType === 'rsa' && bits >= 2_048 ? 'rsa-sha256' : undefined;
}

function refused(text: string): Result<never> {
  return failed(permanent('5.3.5', text));
}
