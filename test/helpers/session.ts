import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';

/** A client that says what a test tells it, and hears each reply. */
export class Session {
  #socket: Socket;
  #text = '';
  #isEnded = false;
  #told: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  #listen(): void {
    this.#socket.on('data', (octets) => {
      this.#text += octets.toString('latin1');
      this.#told();
    });
    this.#socket.on('close', () => {
      this.#isEnded = true;
      this.#told();
    });
    this.#socket.on('error', () => {});
  }

  /** The next reply, its lines joined by a line feed; empty when the server has closed. */
  async reply(): Promise<string> {
    for (;;) {
      const found = /^(?:\d{3}-[^\r]*\r\n)*\d{3}(?: [^\r]*)?\r\n/.exec(this.#text);
      if (found) {
        this.#text = this.#text.slice(found[0].length);
        return found[0].trimEnd().replaceAll('\r\n', '\n');
      }
      if (this.#isEnded) return '';
      await new Promise<void>((resolve) => (this.#told = resolve));
    }
  }

  /** Says a line and gives the reply. */
  async say(line: string): Promise<string> {
    this.write(`${line}\r\n`);
    return this.reply();
  }

  /** Says lines one after the other and gives the codes of the replies. */
  async codes(...lines: readonly string[]): Promise<string> {
    const codes: string[] = [];
    for (const line of lines) codes.push((await this.say(line)).slice(0, 3));
    return codes.join(' ');
  }

  /** Octets as they are; a text is latin1. */
  write(octets: string | Buffer): void {
    this.#socket.write(typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets);
  }

  /** The pieces one after the other, each on its own as far as that can be told. */
  async writeApart(pieces: readonly Buffer[]): Promise<void> {
    for (const piece of pieces) {
      if (piece.length > 0) this.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** What has come and was not asked for. */
  get rest(): string {
    return this.#text;
  }

  /** Throws away what has come and was not asked for. */
  forget(): void {
    this.#text = '';
  }

  /** From here on inside TLS; the certificate is the test's own. */
  async secure(): Promise<void> {
    this.#socket.removeAllListeners();
    this.#socket = connectTls({ socket: this.#socket, rejectUnauthorized: false });
    this.#listen();
    await once(this.#socket, 'secureConnect');
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Opens a session; `isTls`: with TLS from the first octet. It ends with the test. */
export function openSession(t: TestContext, port: number, isTls = false): Session {
  const socket = isTls
    ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    : connect({ port, host: '127.0.0.1' });
  socket.setNoDelay(true);
  socket.setTimeout(10_000, () => socket.destroy());
  t.after(() => socket.destroy());
  return new Session(socket);
}

/** Opens a session and hears its greeting. */
export async function greeted(t: TestContext, port: number, isTls = false): Promise<Session> {
  const session = openSession(t, port, isTls);
  await session.reply();
  return session;
}
