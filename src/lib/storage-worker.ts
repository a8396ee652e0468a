// The inside of a storage thread: takes batches of requests, answers each file's part as soon as it is committed.
import { parentPort, workerData } from 'node:worker_threads';
import type { Engine } from './database.ts';
import { Databases, type StorageRequest } from './databases.ts';
import type { FromStorage, ToStorage } from './storage-client.ts';

/** How often a watched file is asked whether another process has committed. */
const watchMs = 250;

const { engines } = (await import(workerData as string)) as { engines: Record<string, Engine> };
const databases = new Databases(engines);
const watched = new Map<string, { engine: string; version: number }>();

const toMain = (message: FromStorage): void => parentPort?.postMessage(message);
parentPort?.on('message', (message: ToStorage) => hear(message, toMain));

setInterval(lookForChanges, watchMs).unref();

function hear(message: ToStorage, tell: (message: FromStorage) => void): void {
  if (message.kind === 'run') answerAll(message.requests, tell);
  else if (message.kind === 'watch') watched.set(message.file, { engine: message.engine, version: -1 });
  else if (message.kind === 'client') {
    const { port } = message;
    port.on('message', (request: ToStorage) => hear(request, (answer) => port.postMessage(answer)));
  } else {
    databases.close(message.file);
    tell({ kind: 'closed' });
  }
}

// Replies go back in the order of the requests, so a run of requests for one file is the unit.
function answerAll(requests: readonly StorageRequest[], tell: (message: FromStorage) => void): void {
  let from = 0;
  while (from < requests.length) {
    let to = from + 1;
    while (to < requests.length && requests[to]!.file === requests[from]!.file) to++;
    tell({ kind: 'replies', replies: databases.runAll(requests.slice(from, to)) });
    from = to;
  }
}

function lookForChanges(): void {
  for (const [file, seen] of watched) {
    const version = versionOf(file, seen.engine) ?? seen.version;
    if (seen.version !== -1 && version !== seen.version) toMain({ kind: 'changed', file });
    seen.version = version;
  }
}

// A file that cannot be opened now (locked, disk full) is looked at again next time; its users hear of the trouble.
function versionOf(file: string, engine: string): number | undefined {
  try {
    return databases.version(file, engine);
  } catch {
    return undefined;
  }
}
