import { hash, sign } from 'node:crypto';
import { type SigningKey, signedPart, signatureField, unsignedField } from './dkim.ts';
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

/**
 * Signs the copies of one message that differ in one header field: the others are made ready once. The field stands once in each copy, and
 * not in `head`.
 */
export class CopySigner {
  readonly #name: string;
  readonly #templates: readonly Template[];

  /** `head`, `bodyHash` and `seconds` as for `signatureFields`; `name`: of the field that differs, in lower case. */
  constructor(head: Buffer, bodyHash: string, keys: readonly SigningKey[], seconds: number, name: string) {
    this.#name = name;
    const { names, text } = signedPart(parseHeader(head), name);
    this.#templates = keys.map((key) => {
      const { unsigned, end } = unsignedField(key, [...names, name, name], bodyHash, seconds);
      return { key, unsigned, octets: Buffer.from(text, 'latin1'), shared: text.length, end };
    });
  }

  /** The DKIM-Signature fields of the copy whose field has this value: ASCII, on one line, without blanks around it. */
  sign(value: string): string {
    let fields = '';
    for (const template of this.#templates) {
      const { algorithm, secret } = template.key;
      fields += signatureField(template.unsigned, sign(algorithmOf(algorithm), this.#input(template, value), secret));
    }
    return fields;
  }

  /** The same on a thread of libuv's pool: this one goes on meanwhile. */
  signLater(value: string, done: (fields: string) => void): void {
    const fields: string[] = [];
    let missing = this.#templates.length;
    for (const [at, template] of this.#templates.entries()) {
      const { algorithm, secret } = template.key;
      sign(algorithmOf(algorithm), this.#input(template, value), secret, (error, signature) => {
        if (error) throw error;
        fields[at] = signatureField(template.unsigned, signature);
        if (--missing === 0) done(fields.join(''));
      });
    }
  }

  // The octets are used again for the next copy: node:crypto takes them before it returns.
  #input(template: Template, value: string): Buffer {
    const own = `${this.#name}:${value}\r\n${template.end}`;
    const { shared } = template;
    if (template.octets.length < shared + own.length)
      template.octets = Buffer.concat([template.octets.subarray(0, shared), Buffer.alloc(2 * own.length)]);
    const end = shared + template.octets.write(own, shared, 'latin1');
    const input = template.octets.subarray(0, end);
    // RFC 8463 §3: Ed25519 signs the hash, not the text.
    return template.key.algorithm === 'rsa-sha256' ? input : hash('sha256', input, 'buffer');
  }
}

function algorithmOf(algorithm: SigningKey['algorithm']): 'sha256' | null {
  return algorithm === 'rsa-sha256' ? 'sha256' : null;
}
