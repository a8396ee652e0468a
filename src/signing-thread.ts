import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { CopySigning, SignCopies } from './deliver/copy-heads.ts';
import type { CopySignerSource } from './mail/dkim-copies.ts';

/** What a signing thread is asked: the texts of `CopySigner` for copies that differ in these values. */
export interface ToSigning {
  readonly batch: number;
  /** Which signer; it is made when the thread does not know it. */
  readonly id: number;
  readonly source: CopySignerSource;
  readonly values: readonly string[];
}

export interface FromSigning {
  readonly batch: number;
  readonly texts: readonly string[];
}

interface Thread {
  readonly worker: Worker;
  /** Batches that it has been asked and has not answered. */
  readonly waiting: Map<number, (texts: readonly string[]) => void>;
}

/**
 * Threads that sign copies, as many as there are cores: started when a post wants them first, gone when delivery ends. Theirs is all the
 * time of a signature and nothing else: libuv's pool costs 40 us more for each, which is what an Ed25519 signature takes (measured, Node 24.21).
 */
export class SigningThreads implements CopySigning {
  #threads: Thread[] = [];
  #signers = 0;
  #batches = 0;

  signer(source: CopySignerSource): SignCopies {
    const id = ++this.#signers;
    return (values, done) => {
      const thread = this.#leastBusy();
      const batch = ++this.#batches;
      thread.waiting.set(batch, done);
      thread.worker.postMessage({ batch, id, source, values } satisfies ToSigning);
    };
  }

  close(): void {
    for (const { worker } of this.#threads) void worker.terminate();
    this.#threads = [];
  }

  #leastBusy(): Thread {
    if (this.#threads.length === 0) this.#threads = Array.from({ length: availableParallelism() }, startThread);
    return this.#threads.reduce((least, one) => (one.waiting.size < least.waiting.size ? one : least));
  }
}

// An error that nobody expected ends the process, as in a delivery thread. An idle thread does not keep it.
function startThread(): Thread {
  const file = import.meta.url.endsWith('.ts') ? './signing-worker.ts' : './signing-worker.js';
  const worker = new Worker(new URL(file, import.meta.url), { resourceLimits: { maxYoungGenerationSizeMb: 4 } });
  const waiting: Thread['waiting'] = new Map();
  worker.unref();
  worker.on('error', (error) => {
    throw error;
  });
  worker.on('message', ({ batch, texts }: FromSigning) => {
    const done = waiting.get(batch);
    waiting.delete(batch);
    done?.(texts);
  });
  return { worker, waiting };
}
