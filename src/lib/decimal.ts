const zero = 48;

/** Writes a non-negative safe integer in decimal digits at `at`; gives the place behind them. */
export function putDecimal(into: Uint8Array, at: number, value: number): number {
  let places = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) places++;
  const end = at + places;
  let rest = value;
  for (let place = end - 1; place >= at; place--) {
    const left = Math.floor(rest / 10);
    into[place] = zero + (rest - left * 10);
    rest = left;
  }
  return end;
}
