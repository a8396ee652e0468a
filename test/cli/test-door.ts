import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Door } from '../../src/cli/door.ts';
import { runCommandLine } from '../../src/cli/run.ts';
import { engines } from '../../src/engines.ts';
import { homePaths } from '../../src/home.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { type Id, idMaker } from '../../src/lib/ids.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import { packMembers } from '../../src/list/packed.ts';
import { batchOf } from '../../src/queue/outcome-batch.ts';
import { openSqliteQueue } from '../../src/queue/sqlite-queue.ts';

/** What a command line left behind. */
export interface Ran {
  readonly code: number;
  readonly output: string;
  readonly talk: string;
}

/** A new directory that goes away with the test. */
export async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ezlm-cli-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A door that keeps what is printed; `input` is standard input. */
export function keepingDoor(
  home: string,
  input: string | Buffer = '',
): { door: Door; kept: { output: string; talk: string } } {
  const kept = { output: '', talk: '' };
  const door: Door = {
    home,
    currentDirectory: home,
    input: once(Buffer.from(input)),
    inputIsTerminal: false,
    print: async (text) => {
      kept.output += text;
    },
    say: (line) => {
      kept.talk += `${line}\n`;
    },
    progress: undefined,
    onInterrupt: () => () => {},
    screen: undefined,
    clock: systemClock,
    dnsTexts: async () => ({ kind: 'trouble', cause: 'no name server here' }),
    sender: undefined,
    busyMs: 100,
  };
  return { door, kept };
}

/** Runs one command line as `bin/ezlm` would, without a process. */
export async function ezlm(home: string, words: readonly string[], input: string | Buffer = ''): Promise<Ran> {
  const { door, kept } = keepingDoor(home, input);
  const code = await runCommandLine(words, door, '1.2.3');
  return { code, ...kept };
}

/** A home with a domain and the list news@lists.example.org. */
export async function homeWithList(t: TestContext): Promise<string> {
  const home = await temporaryDirectory(t);
  await ezlm(home, ['init', '--domain', 'lists.example.org', 'postmaster=root@example.org']);
  const made = await ezlm(home, ['make', news, '--owner', 'anna@example.org']);
  if (made.code !== 0) throw new Error(made.talk);
  return home;
}

/** Queues post 7 of the list, as if it had come through the stages; gives its id. */
export async function queuePost(home: string, number = 7): Promise<Id> {
  const storage = inlineStorage(engines);
  const queue = await openSqliteQueue({ storage, directory: homePaths(home).queue, clock: systemClock });
  const id = idMaker(systemClock)();
  const post = { list: news, number, role: 'subscriber', lastMember: 1_000 } as const;
  const entry = {
    id,
    kind: 'post',
    message: id,
    sender: '',
    recipient: news,
    list: news,
    cause: id,
    due: 0,
    post,
  } as const;
  await queue.accept([{ id, body: Buffer.from('Subject: Hello\r\n\r\nHello all.\r\n') }], [entry]);
  await storage.close();
  return id;
}

/** Records that these recipients of a post that "queuePost" has queued were put off with this reply; an hour until the next try. */
export async function putOff(
  home: string,
  post: Id,
  addresses: readonly string[],
  reply: string,
  first = 0,
): Promise<void> {
  const storage = inlineStorage(engines);
  const queue = await openSqliteQueue({ storage, directory: homePaths(home).queue, clock: systemClock });
  const at = Date.now();
  const rest = { post, state: 'deferred', at, next: at + 3_600_000, host: 'mx.example', reply } as const;
  const outcomes = addresses.map((address, n) => ({ position: first + n, member: n + 1, address, ...rest }));
  await queue.record(batchOf(outcomes));
  await storage.close();
}

/** Cuts a post that "queuePost" has queued into one chunk of these members; with `owner` somebody has claimed it. */
export async function cutPost(home: string, post: Id, addresses: readonly string[], owner?: string): Promise<void> {
  const storage = inlineStorage(engines);
  const queue = await openSqliteQueue({ storage, directory: homePaths(home).queue, clock: systemClock });
  const cutter = { owner: 'cutter', leaseMs: 60_000 };
  await queue.claim(cutter, ['post'], 10);
  const packed = packMembers(addresses.map((address, n) => ({ member: n + 1, address })));
  await queue.cutChunk(cutter, post, { domain: '', packed, count: addresses.length }, undefined);
  if (owner !== undefined) await queue.claimChunks({ owner, leaseMs: 60_000 }, 1_000);
  await storage.close();
}

export const news = 'news@lists.example.org';

async function* once(octets: Buffer): AsyncGenerator<Uint8Array> {
  yield octets;
}
