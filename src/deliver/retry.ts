/**
 * qmail's quadratic curve: the next attempt is at birth + (√age + 20)² seconds, age at the last attempt, so the first retry comes after
 * 400 s and the waits grow with age. `jitter` in [0, 1) spreads what failed together over a tenth of the wait. Milliseconds.
 */
export function nextAttempt(birth: number, now: number, jitter: number): number {
  const age = Math.max(0, now - birth) / 1_000;
  const next = birth + (Math.sqrt(age) + 20) ** 2 * 1_000;
  return Math.round(next + (next - now) * 0.1 * jitter);
}
