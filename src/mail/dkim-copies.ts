import { hash, sign } from 'node:crypto';
import { type SigningKey, signatureField, signedPart, signingKey, unsignedField } from './dkim.ts';
import { parseHeader } from './header.ts';

/** What one key signs of every copy: only the field that differs stands between these. */
interface Template {
  readonly key: SigningKey;
  /** The DKIM-Signature field up to its value. */
  readonly unsigned: string;
  /** What is signed: as many octets as all copies share at the beginning, then room for the rest. */
  octets: Buffer;
  readonly shared: number;
  /** What is signed behind the field. */
  readonly end: string;
}

/** What a signer is made of, in a form that can go to another thread. */
export interface CopySignerSource {
  /** The header that all copies share, octets as characters (`latin1`). */
  readonly head: string;
  readonly bodyHash: string;
  readonly keys: readonly { readonly domain: string; readonly selector: string; readonly pem: string }[];
  /** Unix time of signing. */
  readonly seconds: number;
  /** Of the field that differs. It stands once in each copy, and not in `head`. */
  readonly name: string;
}

/** Signs the copies of one message that differ in one header field: all that is signed besides is made ready once. */
export class CopySigner {
  readonly #name: string;
  readonly #templates: readonly Template[];
  /** What all copies begin with: a signature field up to its value; empty without a key. */
  readonly before: string;

  constructor({ head, bodyHash, seconds, name }: Omit<CopySignerSource, 'keys'>, keys: readonly SigningKey[]) {
    this.#name = name;
    const signed = name.toLowerCase();
    const { names, text } = signedPart(parseHeader(Buffer.from(head, 'latin1')), signed);
    this.#templates = keys.map((key) => {
      const { unsigned, end } = unsignedField(key, [...names, signed, signed], bodyHash, seconds);
      return { key, unsigned, octets: Buffer.from(text, 'latin1'), shared: text.length, end };
    });
    this.before = this.#templates[0]?.unsigned ?? '';
  }

  /**
   * What a copy has behind `before` and in front of what all share: the rest of the DKIM-Signature fields, and the field with this value, which
   * is ASCII, on one line, without blanks around it.
   */
  sign(value: string): string {
    let fields = '';
    for (const [at, template] of this.#templates.entries()) {
      const { algorithm, secret } = template.key;
      const input = this.#input(template, value);
      // RFC 8463 §3: Ed25519 signs the hash, not the text.
      const signature =
        algorithm === 'rsa-sha256'
          ? sign('sha256', input, secret)
          : sign(null, hash('sha256', input, 'buffer'), secret);
      fields += signatureField(at === 0 ? '' : template.unsigned, signature);
    }
    return `${fields}${this.#name}: ${value}\r\n`;
  }

  // The octets are used again for the next copy.
  #input(template: Template, value: string): Buffer {
    const own = `${this.#name.toLowerCase()}:${value}\r\n${template.end}`;
    const { shared } = template;
    if (template.octets.length < shared + own.length)
      template.octets = Buffer.concat([template.octets.subarray(0, shared), Buffer.alloc(2 * own.length)]);
    return template.octets.subarray(0, shared + template.octets.write(own, shared, 'latin1'));
  }
}

/** The signer of a source whose keys were good where it was made. */
export function copySignerOf(source: CopySignerSource): CopySigner {
  const keys = source.keys.map(({ domain, selector, pem }) => {
    const key = signingKey(domain, selector, pem);
    if (!key.ok) throw new Error(`a key that was good is not: ${key.failure.text}`);
    return key.value;
  });
  return new CopySigner(source, keys);
}

/** The key as it can go to another thread. */
export function keySource({ domain, selector, secret }: SigningKey): CopySignerSource['keys'][number] {
  return { domain, selector, pem: String(secret.export({ type: 'pkcs8', format: 'pem' })) };
}
