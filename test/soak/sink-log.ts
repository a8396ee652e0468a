import { closeSync, openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** One copy that the sink took. */
export interface Copy {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly sender: string;
  readonly recipient: string;
  readonly subject: string;
}

/** Reads the log of a running sink as it grows. */
export class SinkLog {
  readonly copies: Copy[] = [];
  /** Everybody who has got a copy. */
  readonly recipients = new Set<string>();
  readonly #path: string;
  readonly #page = Buffer.alloc(1 << 20);
  #offset = 0;
  #rest = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** Takes in what was written since the last look; gives the number of copies so far. */
  look(): number {
    const file = openSync(this.#path, 'r');
    try {
      for (let got = -1; got !== 0; this.#offset += got) {
        got = readSync(file, this.#page, 0, this.#page.length, this.#offset);
        this.#take(this.#page.toString('latin1', 0, got));
      }
    } finally {
      closeSync(file);
    }
    return this.copies.length;
  }

  /** Waits until the sink has worked off what a dead client had sent. */
  async settle(): Promise<number> {
    const quietMs = 100;
    let before = -1;
    while (before !== this.look()) {
      before = this.copies.length;
      await sleep(quietMs);
    }
    return before;
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) {
      const [at, sender, recipient, subject] = line.split('\t');
      this.recipients.add(recipient!);
      this.copies.push({ at: Number(at), sender: sender!, recipient: recipient!, subject: subject! });
    }
  }
}
