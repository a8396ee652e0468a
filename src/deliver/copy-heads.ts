import type { Clock } from '../lib/clock.ts';
import { bodyHash, type SigningKey } from '../mail/dkim.ts';
import { CopySigner, type CopySignerSource, keySource } from '../mail/dkim-copies.ts';
import { parseHeader } from '../mail/header.ts';
import type { WireMessage } from '../smtp/data.ts';

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
  /** Its beginning, which all copies of this form have. */
  readonly before: Buffer;
  readonly text: string;
}

/** Octets of a head; none: of none. */
export function octetsOfHead(head: CopyHead | undefined): number {
  return head ? head.before.length + head.text.length : 0;
}

/** A copy that is to be stamped. */
interface Stampable {
  readonly load: { readonly message: WireMessage };
  readonly recipient: string;
  readonly member: number;
  head?: CopyHead | undefined;
}

/** Signs some copies of one message elsewhere: gives what `CopySigner` does for values of the field that differs, in their order. */
export type SignCopies = (values: readonly string[], done: (texts: readonly string[]) => void) => void;

/** Where copies are signed while the deliverer goes on. */
export interface CopySigning {
  signer(source: CopySignerSource): SignCopies;
  close(): void;
}

export interface CopyHeadsParts {
  readonly field: OwnField;
  /** None: copies are stamped and not signed. */
  readonly keys: readonly SigningKey[];
  readonly signing: CopySigning;
  readonly clock: Clock;
}

/** Copies that are sent to be signed together: one message for each would cost a tenth of a signature, and each wakes two threads. */
const batchMost = 64;

interface FormSigner {
  /** Of the one time of signing: whoever signs says the same one. */
  readonly source: CopySignerSource;
  readonly signer: CopySigner;
  /** Its beginning of every copy. */
  readonly before: Buffer;
}

interface Wish {
  readonly delivery: Stampable;
  readonly value: string;
  readonly done: () => void;
}

/** Stamps the copies of one post. The body's hash and all that is signed but the one field are made once for each form. */
export class CopyHeads {
  readonly #parts: CopyHeadsParts;
  /** By form; those for forms that few hosts take sign in this thread. */
  readonly #signers = new Map<WireMessage, FormSigner>();
  #signCopies: SignCopies | undefined;
  #wishes: Wish[] = [];

  constructor(parts: CopyHeadsParts) {
    this.#parts = parts;
  }

  /** Copies take a signature's time each. */
  get isSlow(): boolean {
    return this.#parts.keys.length > 0;
  }

  /** Gives a copy its head for this form, unless it has it. */
  stampNow(delivery: Stampable, form: WireMessage): void {
    if (delivery.head?.form === form) return;
    const { signer, before } = this.#signer(form);
    delivery.head = { form, before, text: signer.sign(this.#valueOf(delivery)) };
  }

  /** The same for the form that nearly all hosts take, elsewhere, while this thread goes on. */
  stampLater(delivery: Stampable, done: () => void): void {
    if (this.#wishes.length === 0) setImmediate(() => this.#send());
    this.#wishes.push({ delivery, value: this.#valueOf(delivery), done });
    if (this.#wishes.length === batchMost) this.#send();
  }

  #send(): void {
    const wishes = this.#wishes.splice(0);
    if (wishes.length === 0) return;
    const form = wishes[0]!.delivery.load.message;
    const { source, before } = this.#signer(form);
    this.#signCopies ??= this.#parts.signing.signer(source);
    this.#signCopies(
      wishes.map(({ value }) => value),
      (texts) => {
        for (const [at, { delivery, done }] of wishes.entries()) {
          delivery.head = { form, before, text: texts[at]! };
          done();
        }
      },
    );
  }

  #valueOf({ member, recipient }: Stampable): string {
    return this.#parts.field.valueOf(member, recipient);
  }

  #signer(form: WireMessage): FormSigner {
    const known = this.#signers.get(form);
    if (known) return known;
    const source = this.#sourceOf(form);
    const signer = new CopySigner(source, this.#parts.keys);
    const made = { source, signer, before: Buffer.from(signer.before, 'latin1') };
    this.#signers.set(form, made);
    return made;
  }

  #sourceOf({ raw }: WireMessage): CopySignerSource {
    const { field, keys, clock } = this.#parts;
    const { bodyStart } = parseHeader(raw);
    return {
      head: raw.toString('latin1', 0, bodyStart),
      bodyHash: bodyHash(raw.subarray(bodyStart)),
      keys: keys.map((key) => keySource(key)),
      seconds: clock.now() / 1_000,
      name: field.name,
    };
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
