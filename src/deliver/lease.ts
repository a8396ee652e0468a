/** One connection that the book of traffic has granted: how many transactions it is for. */
export class Lease {
  #left: number;

  constructor(messages: number) {
    this.#left = messages;
  }

  /** All of its transactions have begun. */
  get isSpent(): boolean {
    return this.#left <= 0;
  }

  /** A transaction begins. */
  begin(): void {
    this.#left--;
  }

  /** It did not: its delivery was given back. */
  undo(): void {
    this.#left++;
  }
}
