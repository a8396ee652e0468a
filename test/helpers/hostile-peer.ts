import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** What the peer does in place of its usual reply. A text that ends with a line feed is sent as it is, octet for octet. */
export type Answer =
  | string
  | { readonly does: 'close' | 'reset' | 'hang' | 'nothing' }
  /** It says this, then closes. `hang`: it neither reads nor says anything any more. */
  | { readonly says: string; readonly does: 'close' };

/**
 * A peer as a table: by the first word of a line, or by that and the local part of the recipient (`RCPT ann`); several answers are for the
 * first time, the second, and after the last it does as usual. `CONNECT` is a new connection, `BODY` the first octets of a message,
 * `MESSAGE` its end by a dot, `BDAT` the end of a chunk.
 */
export interface PeerScript {
  /** What it answers to EHLO. */
  readonly keywords?: readonly string[];
  readonly answers?: Readonly<Record<string, Answer | readonly Answer[]>>;
  /** More sessions than this at a time are refused with 421. */
  readonly sessionsMost?: number;
  readonly quirk?: 'octet by octet' | 'one write' | 'forgets input' | 'reads chunks as commands' | 'never resets';
}

export interface HostilePeer {
  readonly port: number;
  /** `recipient` of each message that was taken, and its octets. */
  readonly taken: readonly { readonly recipient: string; readonly octets: string }[];
  /** Every command of all connections; `CONNECT` begins one. */
  readonly lines: readonly string[];
}

/** Starts one on a free port of the loopback; it ends with the test. */
export async function startHostilePeer(t: TestContext, script: PeerScript): Promise<HostilePeer> {
  const taken: { recipient: string; octets: string }[] = [];
  const lines: string[] = [];
  const sockets = new Set<Socket>();
  const answerOf = answersOf(script);
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    const isTooMany = sockets.size > (script.sessionsMost ?? Infinity);
    new HostileSession(socket, script, answerOf, lines, taken).start(
      isTooMany ? '421 4.7.0 too many connections' : '220 peer ready',
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, taken, lines };
}

type AnswerOf = (word: string, recipient: string) => Answer | undefined;

function answersOf({ answers = {} }: PeerScript): AnswerOf {
  const table = new Map(Object.entries(answers));
  const counts = new Map<string, number>();
  return (word, recipient) => {
    const key = table.has(`${word} ${recipient}`) ? `${word} ${recipient}` : word;
    const nth = counts.get(key) ?? 0;
    counts.set(key, nth + 1);
    const found = table.get(key);
    return Array.isArray(found) ? (found as Answer[])[nth] : (found as Answer | undefined);
  };
}

class HostileSession {
  readonly #socket: Socket;
  readonly #script: PeerScript;
  readonly #answerOf: AnswerOf;
  readonly #lines: string[];
  readonly #taken: { recipient: string; octets: string }[];
  #rest = '';
  #output: Promise<void> = Promise.resolve();
  #sender: string | undefined;
  #recipient: string | undefined;
  /** Whom the command names, taken or not. */
  #named = '';
  /** Octets of a chunk that are to come; with DATA, -1. */
  #wanted = 0;

  constructor(
    socket: Socket,
    script: PeerScript,
    answerOf: AnswerOf,
    lines: string[],
    taken: { recipient: string; octets: string }[],
  ) {
    this.#socket = socket;
    this.#script = script;
    this.#answerOf = answerOf;
    this.#lines = lines;
    this.#taken = taken;
  }

  start(greeting: string): void {
    this.#lines.push('CONNECT');
    this.#say('CONNECT', greeting);
    this.#socket.on('data', (octets) => this.#hear(octets.toString('latin1')));
  }

  #hear(text: string): void {
    const isFirst = this.#wanted !== 0 && this.#rest === '';
    this.#rest += text;
    if (this.#script.quirk === 'one write') this.#socket.cork();
    if (isFirst) this.#body();
    while (!this.#socket.destroyed && (this.#wanted === 0 ? this.#command() : this.#message()));
    this.#socket.uncork();
  }

  // Gives false when more must come first.
  #command(): boolean {
    const end = this.#rest.indexOf('\r\n');
    if (end < 0) return false;
    const line = this.#rest.slice(0, end);
    this.#rest = this.#script.quirk === 'forgets input' ? '' : this.#rest.slice(end + 2);
    this.#lines.push(line);
    this.#obey(line);
    return this.#rest !== '';
  }

  #obey(line: string): void {
    const [word = '', size = ''] = line.toUpperCase().split(/[ :]/);
    if (word === 'MAIL') return this.#mail(line);
    if (word === 'RCPT') return this.#rcpt(line);
    if (word === 'DATA') {
      if (
        this.#say(word, this.#recipient === undefined ? '554 5.5.1 nobody to send it to' : '354 go on').startsWith(
          '354',
        )
      )
        this.#wanted = -1;
      return;
    }
    if (word === 'BDAT' && this.#script.quirk !== 'reads chunks as commands') {
      this.#wanted = Number(size);
      return this.#body();
    }
    if (word === 'RSET') this.#reset();
    this.#say(word, this.#usual(word));
    if (word === 'QUIT') this.#socket.end();
  }

  #usual(word: string): string {
    if (word === 'EHLO' || word === 'LHLO')
      return ['250-peer', ...(this.#script.keywords ?? []).map((one) => `250-${one}`), '250 HELP'].join('\r\n');
    if (word === 'QUIT') return '221 2.0.0 bye';
    return ['HELO', 'RSET', 'NOOP'].includes(word) ? '250 2.0.0 ok' : '500 5.5.2 what?';
  }

  #mail(line: string): void {
    this.#named = /-([a-z]+)@/.exec(line)?.[1] ?? '';
    if (this.#sender !== undefined) return void this.#say('NESTED', '503 5.5.1 nested MAIL');
    if (this.#say('MAIL', '250 2.1.0 ok').startsWith('2')) this.#sender = line;
  }

  #rcpt(line: string): void {
    this.#named = /<([^@>]*)/.exec(line)?.[1] ?? '';
    if (this.#sender === undefined) return void this.#say('EARLY', '503 5.5.1 MAIL first');
    if (this.#say('RCPT', '250 2.1.5 ok').startsWith('2')) this.#recipient = this.#named;
  }

  #body(): void {
    const answer = this.#answerOf('BODY', this.#named);
    if (answer !== undefined) this.#act(answer);
  }

  #message(): boolean {
    const isChunk = this.#wanted > 0;
    const end = isChunk ? this.#wanted : endOfMessage(this.#rest);
    if (end < 0 || this.#rest.length < end) return false;
    const octets = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(isChunk ? end : end + 3);
    this.#wanted = 0;
    const [recipient, isKnown] = [this.#recipient ?? '', this.#recipient !== undefined];
    if (this.#say(isChunk ? 'BDAT' : 'MESSAGE', isKnown ? '250 2.0.0 taken' : '503 5.5.1 nobody').startsWith('2'))
      this.#taken.push({ recipient, octets });
    this.#reset();
    return this.#rest !== '';
  }

  #reset(): void {
    if (this.#script.quirk !== 'never resets') [this.#sender, this.#recipient] = [undefined, undefined];
  }

  /** Gives what was said. */
  #say(word: string, usual: string): string {
    return this.#act(this.#answerOf(word, this.#named) ?? usual);
  }

  #act(answer: Answer): string {
    const says = typeof answer === 'string' ? answer : 'says' in answer ? answer.says : '';
    const does = typeof answer === 'string' ? 'nothing' : answer.does;
    if (says !== '') this.#write(says.endsWith('\n') ? says : `${says}\r\n`);
    if (does === 'reset') this.#socket.resetAndDestroy();
    else if (does === 'hang') {
      this.#socket.removeAllListeners('data').pause();
      this.#rest = '';
    } else if (does === 'close') {
      this.#socket.uncork();
      // What it was still sent is read and dropped, so that the end is an end and no reset.
      this.#socket.removeAllListeners('data').resume().end();
      this.#rest = '';
    }
    return says;
  }

  #write(text: string): void {
    const octets = Buffer.from(text, 'latin1');
    if (this.#script.quirk !== 'octet by octet') return void this.#socket.write(octets);
    this.#output = this.#output.then(() => this.#writeApart(octets));
  }

  async #writeApart(octets: Buffer): Promise<void> {
    for (let at = 0; at < octets.length; at++) {
      if (this.#socket.writable) this.#socket.write(octets.subarray(at, at + 1));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

// Where the final dot stands; the message includes the line end before it.
function endOfMessage(text: string): number {
  if (text.startsWith('.\r\n')) return 0;
  const at = text.indexOf('\r\n.\r\n');
  return at < 0 ? -1 : at + 2;
}
