import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** A descriptor as strace names it: a path, or `TCP:[127.0.0.1:25->127.0.0.1:4711]`. */
export interface Call {
  readonly pid: number;
  readonly name: string;
  /** The lines of the trace on which it began and ended: their order is the order of what happened. */
  readonly began: number;
  readonly ended: number;
  /** Seconds since 1970 at its end. */
  readonly at: number;
  /** Its arguments as strace wrote them, with nothing between the quotes. */
  readonly words: string;
  /** All strings among the arguments, in their order: what is written (each part of it), or paths. */
  readonly strings: readonly Buffer[];
  /** What the first argument is, when it is a descriptor. */
  readonly on: string;
  /** Its value; -1 when it failed. */
  readonly result: number;
}

const whole = /^(\w+)\((.*)\)\s+= (-?\d+|\?)/s;
const began = /^(\w+)\((.*) <unfinished \.\.\.>$/s;
const resumed = /^<\.\.\. (\w+) resumed>(.*)\)\s+= (-?\d+|\?)/s;

const quoted = /"((?:\\x[0-9a-f]{2})*)"/g;

/** Reads what strace wrote: the calls that ended, in the order of their ends. */
export async function readTrace(path: string): Promise<Call[]> {
  const calls: Call[] = [];
  const open = new Map<number, { words: string; began: number }>();
  let at = 0;
  for await (const line of createInterface({ input: createReadStream(path, 'latin1'), crlfDelay: Infinity })) {
    const call = readLine(line, at++, open);
    if (call) calls.push(call);
  }
  return calls;
}

function readLine(text: string, line: number, open: Map<number, { words: string; began: number }>): Call | undefined {
  const head = /^(\d+) +(?:(\d+\.\d+) )?/.exec(text);
  if (!head) return undefined;
  const pid = Number(head[1]);
  const at = Number(head[2] ?? 0);
  const rest = text.slice(head[0].length);
  const half = began.exec(rest);
  if (half) {
    open.set(pid, { words: half[2]!, began: line });
    return undefined;
  }
  const end = resumed.exec(rest);
  const found = end ?? whole.exec(rest);
  if (!found) return undefined;
  const before = end ? open.get(pid) : undefined;
  open.delete(pid);
  const words = (before?.words ?? '') + found[2]!;
  return {
    pid,
    name: found[1]!,
    began: before?.began ?? line,
    ended: line,
    at,
    words: words.replaceAll(quoted, '""'),
    strings: [...words.matchAll(quoted)].map((text) => octetsOf(text[1]!)),
    on: descriptorOf(words),
    result: found[3] === '?' ? -1 : Number(found[3]),
  };
}

// `46<TCP:[…->…]>` has a `>` inside; in a path `<` and `>` are written as octal or hexadecimal.
function descriptorOf(words: string): string {
  const found = /^(?:\d+|AT_FDCWD)<((?:TCP|UDP|UNIX)[^\]]*\]|[^>]*)>/.exec(words);
  return found ? textOf(found[1]!) : '';
}

/** The text that `\x2f\x74` stands for; what is not escaped stands for itself. */
function textOf(words: string): string {
  return words.includes('\\x') ? octetsOf(words).toString('utf8') : words;
}

/** The octets of `\x2f\x74…`. */
function octetsOf(words: string): Buffer {
  return Buffer.from(words.replaceAll('\\x', ''), 'hex');
}

/** The last argument as a number: an offset or a length. */
export function lastNumber({ words }: Call): number {
  return Number(/(\d+)$/.exec(words.trimEnd())?.[1] ?? Number.NaN);
}
