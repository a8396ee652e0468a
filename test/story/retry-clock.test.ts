import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { nextAttempt } from '../../src/deliver/retry.ts';
import { idMaker } from '../../src/lib/ids.ts';
import { parseAddress } from '../../src/mail/address.ts';
import type { Trace } from '../../src/queue/store.ts';
import { type LoggedEvent, type Station, startStation, stationList } from '../helpers/daemon.ts';
import { fieldOf, letter } from '../helpers/letter.ts';
import { StandingClock } from '../helpers/standing-clock.ts';
import { until } from '../helpers/until.ts';

const hourMs = 3_600_000;
const lifetimeMs = 120 * hourMs;
const ann = 'ann@example.net';
const slow = 'slow@example.com';
/** 400 k² seconds of age are below 120 hours up to the 32nd retry; the jitter makes it some fewer. */
const attemptsLeast = 28;
const attemptsMost = 34;

interface Attempt {
  readonly at: number;
  /** Undefined: there is none. */
  readonly next: number | undefined;
}

interface Life extends Station {
  readonly clock: StandingClock;
  /** Passes the time from try to try until there is no next one. */
  attempts(): Promise<Attempt[]>;
}

async function startLife(t: TestContext): Promise<Life> {
  const clock = new StandingClock();
  const station = await startStation(t, { lifetimeHours: 120 }, '', clock);
  station.peer.refusals.set(slow, { code: 450, text: '4.2.0 later, perhaps' });
  const isResult = ({ event, fields }: LoggedEvent): boolean =>
    (event === 'delivery.deferred' || event === 'delivery.failed') && fields['recipient'] === slow;
  const attempts = async (): Promise<Attempt[]> => {
    const all: Attempt[] = [];
    for (;;) {
      const result = await until(`attempt ${all.length + 1}`, () => station.logged.filter(isResult)[all.length]);
      const { next } = result.fields;
      all.push({ at: clock.now(), next: result.event === 'delivery.deferred' ? Number(next) : undefined });
      if (result.event !== 'delivery.deferred') return all;
      clock.moveTo(Number(next));
    }
  };
  return { ...station, clock, attempts };
}

/** Every attempt is at the time that the one before it named, and that is on the curve, up to a tenth of the wait later. */
function assertCurve(attempts: readonly Attempt[], birth: number): void {
  assert.equal(attempts[0]!.at, birth);
  assert.ok(attempts.length >= attemptsLeast && attempts.length <= attemptsMost, `${attempts.length} attempts`);
  for (const [nth, { at, next }] of attempts.slice(0, -1).entries()) {
    assert.equal(attempts[nth + 1]!.at, next);
    assert.ok(next! >= nextAttempt(birth, at, 0) && next! <= nextAttempt(birth, at, 1), `attempt ${nth + 2}`);
    assert.ok(at - birth < lifetimeMs);
  }
  assert.ok(attempts.at(-1)!.at - birth >= lifetimeMs);
}

/** The days after the end bring nothing more. */
async function assertSilence({ clock, logged }: Life): Promise<void> {
  const before = logged.length;
  for (let day = 1; day <= 3; day++) {
    clock.moveTo(clock.now() + 24 * hourMs);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const later = logged.slice(before).filter(({ event }) => /^(?:delivery|dsn|bounce\.recorded)/.test(event));
  assert.deepEqual(later, []);
}

describe('a recipient who is deferred for five days', { concurrency: true }, () => {
  test('a member is tried on the curve, then given up once, and has one bounce that says so', async (t) => {
    const life = await startLife(t);
    const list = await stationList(life.daemon, 'news', { posting: 'everybody' });
    const who = [parseAddress(ann)!, parseAddress(slow)!];
    await list.store.add('subscriber', who, { id: 'join', tag: 'manual', at: life.clock.now() });
    const birth = life.clock.now();
    const { queue } = life.daemon.home;
    const newId = idMaker(life.clock);
    const message = { id: newId(), body: Buffer.from(letter(ann, list.name.address, 'a post')) };
    const entry = { id: newId(), kind: 'arrived', message: message.id, sender: ann, cause: 'a post' } as const;
    await queue.accept(
      [message],
      [{ ...entry, recipient: list.name.address, list: list.name.address, due: life.clock.now() }],
    );
    const attempts = await life.attempts();
    assertCurve(attempts, birth);
    await until('the end of the post', () => life.logged.find(({ event }) => event === 'post.sent'));
    assert.equal(life.peer.of(ann).length, 1);
    const traces: Trace[] = [];
    for await (const page of queue.trace(list.name.address, 1, slow)) traces.push(...page);
    const [trace] = traces;
    assert.deepEqual(
      trace!.attempts.map(({ state }) => state),
      [...attempts.slice(1).map(() => 'deferred'), 'failed'],
    );
    assert.equal(
      trace!.attempts.at(-1)!.reply,
      '550 5.4.7 given up after 120 hours; the last reply: 450 4.2.0 later, perhaps',
    );
    const bounces = await list.store.bounces(10);
    assert.equal(bounces.length, 1);
    assert.deepEqual([bounces[0]!.address, bounces[0]!.permanent, bounces[0]!.grounds], [slow, false, 'passing']);
    await assertSilence(life);
    assert.equal((await list.store.bounces(10)).length, 1);
  });

  test('a single mail is tried on the curve, and its sender has one notification of its end', async (t) => {
    const life = await startLife(t);
    const newId = idMaker(life.clock);
    const birth = life.clock.now();
    const message = { id: newId(), body: Buffer.from(letter(ann, slow, 'a mail')) };
    const entry = { id: newId(), kind: 'mail', message: message.id, sender: ann, recipient: slow, list: '' } as const;
    await life.daemon.home.queue.accept([message], [{ ...entry, cause: 'a mail', due: birth }]);
    assertCurve(await life.attempts(), birth);
    const notice = await life.peer.nth(ann, 1);
    assert.equal(notice.sender, '');
    const isTold = ({ event, fields }: LoggedEvent): boolean =>
      event === 'delivery.delivered' && fields['recipient'] === ann;
    await until('the end of the notification', () => life.logged.some(isTold));
    assert.match(fieldOf(notice, 'Content-Type')!, /report-type=delivery-status/);
    assert.match(notice.message, /^Status: 4\.2\.0\r$/m);
    assert.match(notice.message, /^Action: failed\r$/m);
    await assertSilence(life);
    assert.equal(life.peer.of(ann).length, 1);
    assert.equal(life.logged.filter(({ event }) => event === 'dsn.queued').length, 1);
  });
});
