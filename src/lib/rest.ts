// Nobody changes it.
const cell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Puts this thread to sleep for so many milliseconds: nothing of it happens meanwhile. */
export function rest(ms: number): void {
  Atomics.wait(cell, 0, 0, ms);
}
