import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { domain } from './home.ts';
import { openEzlm, type OpenEzlm } from './ezlm.ts';
import { judge, median, type Part } from './part.ts';
import type { Load } from './peer.ts';
import { freePort } from './ports.ts';
import { startSink } from './sink-process.ts';

/** Messages a second that come in while a post goes out, and the connections they come over. */
const perSecond = 1_000;
const connections = 50;
/** What comes in: mail to an address for bounces, whose proof is wrong, as a flood of bounces would. */
const recipient = `list-return-1.aaaaaaaa-nobody=example.com@${domain}`;

/** A fan-out while mail comes in, beside itself while none does. */
export const beside: Part = {
  name: 'beside',
  run: async ({ isSmall, n = 100_000, runs }) => {
    if (isSmall) return true;
    console.log(
      `\nbeside: one 4 KiB post to ${n} subscribers while ${perSecond} messages a second come in, median of ${runs}`,
    );
    const root = await mkdtemp(join(tmpdir(), 'ezlm-bench-beside-'));
    const port = await freePort();
    const load: Load = { n, octets: 4_096, chunking: false, delayMs: 0, connections: 20 };
    const ezlm = await openEzlm(load, root, port);
    try {
      return judgeRates(await rates(ezlm, load, root, port, runs));
    } finally {
      await ezlm.close();
      await rm(root, { recursive: true, force: true });
    }
  },
};

interface Rates {
  readonly alone: number[];
  readonly together: number[];
  readonly taken: number[];
}

async function rates(ezlm: OpenEzlm, load: Load, root: string, port: number, runs: number): Promise<Rates> {
  const found: Rates = { alone: [], together: [], taken: [] };
  const fanOut = async (): Promise<number> => {
    const sink = await startSink({ directory: root, expect: load.n, chunking: false, port });
    return (await ezlm.run(sink)).perSecond;
  };
  for (let run = 0; run < runs; run++) {
    found.alone.push(await fanOut());
    const intake = startIntake(ezlm.port);
    found.together.push(await fanOut());
    found.taken.push(await intake.stop());
  }
  return found;
}

function judgeRates({ alone, together, taken }: Rates): boolean {
  console.log(
    `  ${median(together).toFixed(0)}/s of ${median(alone).toFixed(0)}/s while ${median(taken).toFixed(0)}/s came in`,
  );
  return judge([
    { what: 'of the rate alone', value: median(together) / median(alone), unit: 'x', least: 0.8 },
    { what: 'taken in meanwhile', value: median(taken), unit: 'messages/s', least: 0.95 * perSecond },
  ]);
}

// Each connection sends in turn, as many in all as the clock allows.
function startIntake(port: number): { stop(): Promise<number> } {
  const began = performance.now();
  let sent = 0;
  let isStopping = false;
  const mayAt = async (): Promise<boolean> => {
    const due = began + (sent++ * 1_000) / perSecond;
    await sleep(Math.max(0, due - performance.now()));
    return !isStopping;
  };
  const clients = Array.from({ length: connections }, () => client(port, mayAt));
  return {
    stop: async () => {
      const seconds = (performance.now() - began) / 1_000;
      isStopping = true;
      const taken = await Promise.all(clients);
      return taken.reduce((sum, one) => sum + one, 0) / seconds;
    },
  };
}

async function client(port: number, mayBegin: () => Promise<boolean>): Promise<number> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const replies = new Replies(socket);
  await replies.next(1);
  socket.write('EHLO client.example\r\n');
  await replies.next(1);
  let taken = 0;
  while (await mayBegin()) {
    // As mail servers do (RFC 2920).
    socket.write(`MAIL FROM:<>\r\nRCPT TO:<${recipient}>\r\nDATA\r\n`);
    await replies.next(3);
    socket.write(message);
    if ((await replies.next(1)).startsWith('250')) taken++;
  }
  socket.end('QUIT\r\n');
  return taken;
}

/** The replies on a connection, counted by their last lines: what this costs is taken from the fan-out that is measured. */
class Replies {
  #rest = '';
  #ready: string[] = [];
  #wanted = 0;
  #tell: { resolve: (last: string) => void; reject: (error: Error) => void } | undefined;

  constructor(socket: Socket) {
    socket.setEncoding('latin1').on('data', (text: string) => this.#hear(text));
    socket.on('close', () => this.#tell?.reject(new Error('the server has closed the connection')));
  }

  /** Resolves when so many more replies have come, with the last. */
  next(count: number): Promise<string> {
    this.#wanted = count;
    return new Promise((resolve, reject) => {
      this.#tell = { resolve, reject };
      this.#look();
    });
  }

  #hear(text: string): void {
    const lines = (this.#rest + text).split('\r\n');
    this.#rest = lines.pop()!;
    for (const line of lines) if (line[3] !== '-') this.#ready.push(line);
    this.#look();
  }

  #look(): void {
    if (!this.#tell || this.#ready.length < this.#wanted) return;
    const last = this.#ready.splice(0, this.#wanted).at(-1)!;
    const { resolve } = this.#tell;
    this.#tell = undefined;
    resolve(last);
  }
}

const message = `From: MAILER-DAEMON@example.com\r\nSubject: failure notice\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(55)}.\r\n`;
