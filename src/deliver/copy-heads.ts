import type { Clock } from '../lib/clock.ts';
import { bodyHash, type SigningKey } from '../mail/dkim.ts';
import { CopySigner } from '../mail/dkim-copies.ts';
import { parseHeader } from '../mail/header.ts';
import type { WireMessage } from '../smtp/data.ts';
import type { Delivery } from './delivery.ts';

/** A header field that is every copy's own. */
export interface OwnField {
  readonly name: string;
  /** ASCII, one line. */
  readonly valueOf: (member: number, address: string) => string;
}

/** What stands before the octets that all copies share: the signature and the copy's own field, ASCII. */
export interface CopyHead {
  /** The form that was signed: an ASCII form of the message has a signature of its own. */
  readonly form: WireMessage;
  readonly text: string;
}

/** Stamps the copies of one post. The body's hash and all that is signed but the one field are made once for each form. */
export class CopyHeads {
  readonly #field: OwnField;
  readonly #keys: readonly SigningKey[];
  readonly #clock: Clock;
  readonly #signers = new Map<WireMessage, CopySigner>();

  constructor(field: OwnField, keys: readonly SigningKey[], clock: Clock) {
    this.#field = field;
    this.#keys = keys;
    this.#clock = clock;
  }

  /** Gives a copy its head for this form, unless it has it. */
  stampNow(delivery: Delivery, form: WireMessage): void {
    if (delivery.head?.form === form) return;
    const value = this.#field.valueOf(delivery.member, delivery.recipient);
    delivery.head = this.#head(form, this.#signer(form).sign(value), value);
  }

  /** The same for the form that nearly all hosts take, while this thread goes on. */
  stampLater(delivery: Delivery, done: () => void): void {
    const form = delivery.load.message;
    const value = this.#field.valueOf(delivery.member, delivery.recipient);
    this.#signer(form).signLater(value, (fields) => {
      delivery.head = this.#head(form, fields, value);
      done();
    });
  }

  /** Copies take a signature's time each. */
  get isSlow(): boolean {
    return this.#keys.length > 0;
  }

  #head(form: WireMessage, signatures: string, value: string): CopyHead {
    return { form, text: `${signatures}${this.#field.name}: ${value}\r\n` };
  }

  #signer(form: WireMessage): CopySigner {
    const known = this.#signers.get(form);
    if (known) return known;
    const { bodyStart } = parseHeader(form.raw);
    const head = form.raw.subarray(0, bodyStart);
    const hash = bodyHash(form.raw.subarray(bodyStart));
    const name = this.#field.name.toLowerCase();
    const signer = new CopySigner(head, hash, this.#keys, this.#clock.now() / 1_000, name);
    this.#signers.set(form, signer);
    return signer;
  }
}

/** A message without the fields of one name. */
export function withoutField(message: Buffer, name: string): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (const field of parseHeader(message).fields) {
    if (field.name !== name.toLowerCase()) continue;
    parts.push(message.subarray(from, field.start));
    from = field.end;
  }
  return Buffer.concat([...parts, message.subarray(from)]);
}
