import assert from 'node:assert/strict';
import test from 'node:test';
import { etaText, laneHeading, laneLine, rateText, spanText, stateText } from '../../src/cli/lane-text.ts';
import { laneReport } from '../helpers/lanes.ts';

test('spans of time are told in two units', () => {
  const table: [ms: number, text: string][] = [
    [-5, '0s'],
    [1, '1s'],
    [59_000, '59s'],
    [60_000, '1m00s'],
    [250_000, '4m10s'],
    [3_600_000, '1h00m'],
    [7_500_000, '2h05m'],
    [86_400_000, '1d00h'],
    [273_600_000, '3d04h'],
  ];
  for (const [ms, text] of table) assert.equal(spanText(ms), text);
});

test('a time of arrival needs a rate', () => {
  assert.equal(etaText(100, 0), '-');
  assert.equal(etaText(100, 10), '10s');
  assert.equal(rateText(0), '0');
  assert.equal(rateText(0.25), '0.3');
  assert.equal(rateText(1234.5), '1235');
});

test('the state says what keeps a lane back, what the operator did first', () => {
  const now = 1_000_000;
  const table: [given: object, text: string][] = [
    [{}, 'idle'],
    [{ opening: 1 }, 'busy'],
    [{ connections: 1, factor: 0.25 }, 'slow 25%'],
    [{ backedOffUntil: now + 90_000, factor: 0.5 }, 'off 1m30s'],
    [{ backedOffUntil: now - 1 }, 'idle'],
    [{ backedOffUntil: now + 1, paused: true }, 'paused'],
  ];
  for (const [given, text] of table) assert.equal(stateText(laneReport({ lane: 'a:25', ...given }), now), text);
});

test('columns stand below their headings', () => {
  const line = laneLine(
    laneReport({ lane: 'a:25', waiting: 7, rate: 1, deferred: 3, uncertain: 1, lastReply: 'x' }),
    0,
  );
  assert.equal(line.indexOf('7') + 1, laneHeading.indexOf('WAITING') + 'WAITING'.length);
  assert.equal(line.indexOf(' 4 ') + 2, laneHeading.indexOf('DEFERRED') + 'DEFERRED'.length);
  assert.equal(line.lastIndexOf('x'), laneHeading.indexOf('LAST REPLY'));
});
