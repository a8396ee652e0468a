import { writeSync } from 'node:fs';
import { engines } from '../../src/engines.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { idMaker } from '../../src/lib/ids.ts';
import { StorageThread } from '../../src/lib/storage-thread.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import { openSqliteQueue } from '../../src/queue/sqlite-queue.ts';

/**
 * Accepts and finishes without an end, to be killed: `accepting-child.ts DIRECTORY thread|inline`. Prints a line for each thing that it
 * was told is on disk: `accepted <entry> <message> <octets>` or `finished <entry> <what follows>`.
 */
const [directory, where] = process.argv.slice(2) as [string, string];
const storage =
  where === 'thread'
    ? new StorageThread(new URL('../../src/engines.ts', import.meta.url).href)
    : inlineStorage(engines);
const queue = await openSqliteQueue({ storage, directory, clock: systemClock });
const newId = idMaker(systemClock);
const claimant = { owner: `child ${process.pid}`, leaseMs: 1 };

// Nobody outlives the test that started it.
process.stdin.resume().once('end', () => process.kill(process.pid, 'SIGKILL'));

await Promise.all([accepting(1), accepting(2), accepting(300_000), finishing()]);

async function accepting(octets: number): Promise<void> {
  for (;;) {
    const message = { id: newId(), body: Buffer.alloc(octets, 'x') };
    const entry = newEntry(message.id);
    await queue.accept([message], [entry]);
    tell(`accepted ${entry.id} ${message.id} ${octets}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function finishing(): Promise<void> {
  for (;;) {
    const [entry] = await queue.claim(claimant, ['arrived'], 1);
    if (entry) {
      const message = { id: newId(), body: Buffer.from('an answer') };
      const follows = { ...newEntry(message.id), kind: 'mail' as const, cause: `${entry.id}:answer` };
      if (await queue.finish(claimant, entry.id, [message], [follows])) tell(`finished ${entry.id} ${follows.id}`);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function newEntry(message: ReturnType<typeof newId>) {
  const id = newId();
  const recipient = 'news@lists.example.org';
  return { id, kind: 'arrived' as const, message, sender: '', recipient, list: recipient, cause: id, due: 0 };
}

// At once: what is in a buffer of this process would die with it.
function tell(line: string): void {
  writeSync(1, `${line}\n`);
}
