import type { MessagePort } from 'node:worker_threads';
import type { StorageReply, StorageRequest } from './databases.ts';
import type { Storage } from './storage.ts';
import { StorageError, storageTrouble } from './storage-trouble.ts';

/** What is sent to a storage thread. */
export type ToStorage =
  | { readonly kind: 'run'; readonly requests: readonly StorageRequest[] }
  | { readonly kind: 'close'; readonly file?: string }
  | { readonly kind: 'watch'; readonly file: string; readonly engine: string }
  /** Another thread asks by this port from now on. */
  | { readonly kind: 'client'; readonly port: MessagePort };

/** What a storage thread answers: replies in the order of the requests, or that a watched file has changed. */
export type FromStorage =
  | { readonly kind: 'replies'; readonly replies: readonly StorageReply[] }
  | { readonly kind: 'closed' }
  | { readonly kind: 'changed'; readonly file: string };

interface Waiting {
  readonly request: StorageRequest;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: StorageError) => void;
}

/** So many calls leave before the turn of the event loop is over: the thread works while the turn goes on. */
const earlyCalls = 5;

/**
 * Asks a storage thread. Calls that arrive while the thread is busy travel together and share commits: that is the group commit, and it
 * needs no timer, so a lone call is never delayed.
 */
export class StorageClient implements Storage {
  readonly #tell: (message: ToStorage) => void;
  #waiting: Waiting[] = [];
  #sent: Waiting[] = [];
  #replied = 0;
  #scheduled = false;
  #closing: (() => void)[] = [];
  #dead: StorageError | undefined;

  constructor(tell: (message: ToStorage) => void) {
    this.#tell = tell;
  }

  run(file: string, engine: string, operation: string, argument: unknown): Promise<unknown> {
    if (this.#dead) return Promise.reject(this.#dead);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request: { file, engine, operation, argument }, resolve, reject });
      if (this.#waiting.length >= earlyCalls && this.#sent.length === 0) this.#send();
      else this.#schedule();
    });
  }

  async close(file?: string): Promise<void> {
    if (this.#dead) return;
    await new Promise<void>((resolve) => {
      this.#closing.push(resolve);
      this.#tell(file === undefined ? { kind: 'close' } : { kind: 'close', file });
    });
  }

  /** Takes an answer of the thread. */
  hear(message: FromStorage): void {
    if (message.kind === 'closed') this.#closing.shift()?.();
    else if (message.kind === 'replies') this.#settle(message.replies);
  }

  /** The thread is gone: whoever waits is told, and whoever asks from now on. */
  die(message: string): void {
    this.#dead ??= new StorageError({ kind: 'bug', message });
    for (const call of [...this.#sent.slice(this.#replied), ...this.#waiting]) call.reject(this.#dead);
    this.#sent = [];
    this.#waiting = [];
    for (const resolve of this.#closing.splice(0)) resolve();
  }

  // Requests of one turn of the event loop travel together.
  #schedule(): void {
    if (this.#scheduled || this.#sent.length > 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#send();
    });
  }

  #send(): void {
    if (this.#waiting.length === 0 || this.#sent.length > 0) return;
    this.#sent = this.#waiting;
    this.#waiting = [];
    this.#replied = 0;
    try {
      this.#tell({ kind: 'run', requests: this.#sent.map((call) => call.request) });
    } catch (error) {
      // An argument that cannot cross to the thread: nothing has crossed.
      const failed = this.#sent.splice(0);
      for (const call of failed) call.reject(new StorageError(storageTrouble(error)));
    }
  }

  #settle(replies: readonly StorageReply[]): void {
    for (const reply of replies) {
      const call = this.#sent[this.#replied++];
      if (reply.ok) call?.resolve(reply.result);
      else call?.reject(new StorageError(reply.trouble));
    }
    if (this.#replied < this.#sent.length) return;
    this.#sent = [];
    this.#send();
  }
}
