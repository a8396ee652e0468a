import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from './build.ts';
import { domain } from './home.ts';
import { openEzlm, type OpenEzlm } from './ezlm.ts';
import { judge, median, type Part } from './part.ts';
import type { Load } from './peer.ts';
import { freePort } from './ports.ts';
import { startSink } from './sink-process.ts';

/** Messages a second that come in while a post goes out, and the connections they come over. */
const perSecond = 1_000;
/** Before all that is measured, so many a second for so long: a daemon lives for months, and its code is not compiled in them. */
const warm = { perSecond: 4_000, ms: 8_000 };
const connections = 50;
/** What comes in: mail to an address for bounces, whose proof is wrong, as a flood of bounces would. */
const recipient = `list-return-1.aaaaaaaa-nobody=example.com@${domain}`;

/** A fan-out while mail comes in, beside itself while none does. */
export const beside: Part = {
  name: 'beside',
  run: async ({ isSmall, n = 100_000, runs }) => {
    if (isSmall) return true;
    const client = build('steady');
    console.log(
      `\nbeside: one 4 KiB post to ${n} subscribers while ${perSecond} messages a second come in, median of ${runs}`,
    );
    if ('reason' in client) {
      console.log(`  skipped: ${client.reason}`);
      return true;
    }
    const root = await mkdtemp(join(tmpdir(), 'ezlm-bench-beside-'));
    const port = await freePort();
    const load: Load = { n, octets: 4_096, chunking: false, delayMs: 0, connections: 20 };
    const ezlm = await openEzlm(load, root, port);
    try {
      return judgeRates(await rates({ ezlm, load, root, port, client: client.path }, runs));
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

interface Stage {
  readonly ezlm: OpenEzlm;
  readonly load: Load;
  readonly root: string;
  /** Of the sink. */
  readonly port: number;
  /** The program that sends. */
  readonly client: string;
}

async function rates({ ezlm, load, root, port, client }: Stage, runs: number): Promise<Rates> {
  const found: Rates = { alone: [], together: [], taken: [] };
  const fanOut = async (): Promise<number> => {
    const sink = await startSink({ directory: root, expect: load.n, chunking: false, port });
    return (await ezlm.run(sink)).perSecond;
  };
  const first = startIntake(client, ezlm.port, warm.perSecond);
  await sleep(warm.ms);
  await first.stop();
  for (let run = 0; run < runs; run++) {
    found.alone.push(await fanOut());
    const intake = startIntake(client, ezlm.port, perSecond);
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

interface Report {
  readonly taken: number;
  readonly seconds: number;
}

function startIntake(program: string, port: number, rate: number): { stop(): Promise<number> } {
  const words = { port, conns: connections, rate, to: recipient };
  const options = Object.entries(words).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(program, options, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = Promise.all([text(child.stdout), once(child, 'exit')]);
  return {
    stop: async () => {
      child.kill('SIGTERM');
      const [report] = await ended;
      const { taken, seconds } = JSON.parse(report) as Report;
      return taken / seconds;
    },
  };
}
