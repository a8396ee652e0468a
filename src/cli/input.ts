import { type Address, parseAddress, parseDomain } from '../mail/address.ts';
import { type Role, roles } from '../list/name.ts';
import { type Complaint, complaint, type Door, exit } from './door.ts';

/** Octets that are read from standard input at most: ten million addresses of 50 octets. */
const inputOctetsMost = 500_000_000;

/** All of standard input; the reader is told what is waited for when it is a terminal. */
export async function readInput(door: Door, awaited: string): Promise<Buffer | Complaint> {
  if (door.inputIsTerminal) door.say(`reading ${awaited} from the terminal; end with Ctrl-D`);
  const parts: Uint8Array[] = [];
  let octets = 0;
  for await (const part of door.input) {
    octets += part.length;
    if (octets > inputOctetsMost)
      return complaint(
        exit.badInput,
        `more than ${inputOctetsMost} octets of input`,
        'split the input into several runs',
      );
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** One line of input that is not empty. */
export interface Line {
  /** 1 for the first line, or the place among the arguments. */
  readonly number: number;
  readonly text: string;
}

/** The lines of an input, trimmed, without the empty ones; made one at a time, so that a million of them take no room. */
export function* linesOf(input: Buffer): Generator<Line> {
  let number = 0;
  for (let from = 0; from < input.length;) {
    const end = input.indexOf(10, from);
    const to = end < 0 ? input.length : end;
    number++;
    const text = input.toString('utf8', from, to).trim();
    if (text !== '') yield { number, text };
    from = to + 1;
  }
}

export function isRole(text: string): text is Role {
  return (roles as readonly string[]).includes(text);
}

/** Reads an address for a role; allow and deny also take `@example.net`, which stands for every address of the domain. */
export function parseMember(role: Role, text: string): Address | undefined {
  if (!text.startsWith('@') || (role !== 'allow' && role !== 'deny')) return parseAddress(text);
  const domain = parseDomain(text.slice(1));
  return domain === undefined
    ? undefined
    : Object.freeze({ local: '', domain, text: `@${domain}`, canonical: `@${domain}` });
}
