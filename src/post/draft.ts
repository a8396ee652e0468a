import { type Header, parseHeader } from '../mail/header.ts';
import { headerField } from '../mail/words.ts';

/** One header field as octets, with its line end. */
export interface DraftField {
  readonly name: string;
  readonly octets: Buffer;
}

/** A post on its way to what members get: edits replace fields and body parts, and never touch octets in place. */
export interface Draft {
  readonly fields: readonly DraftField[];
  /** Joined they are the body. */
  readonly body: readonly Buffer[];
}

export function draftOf(message: Buffer): Draft {
  const header = parseHeader(message);
  return { fields: fieldsOf(header), body: [message.subarray(header.bodyStart)] };
}

/** The octets of a draft. */
export function draftOctets({ fields, body }: Draft): Buffer {
  return Buffer.concat([...fields.map((field) => field.octets), Buffer.from('\r\n'), ...body]);
}

/** A field of ours. */
export function newField(name: string, value: string): DraftField {
  return { name: name.toLowerCase(), octets: Buffer.from(headerField(name, value), 'utf8') };
}

/** The header of a draft, to be looked up in. */
export function headerOf({ fields }: Draft): Header {
  return parseHeader(Buffer.concat(fields.map((field) => field.octets)));
}

function fieldsOf(header: Header): DraftField[] {
  return header.fields.map(({ name, start, end }) => {
    const octets = header.source.subarray(start, end);
    // A message that ends within its header.
    return { name, octets: octets.at(-1) === 10 ? octets : Buffer.concat([octets, Buffer.from('\r\n')]) };
  });
}
