import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { engines } from '../../src/engines.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import type { BounceRules, NewBounce, TakenStep } from '../../src/list/bounce-store.ts';
import type { Grounds, Step } from '../../src/list/ladder.ts';
import { unpackMembers } from '../../src/list/packed.ts';
import { sqliteList } from '../../src/list/sqlite-list.ts';
import type { ListStore } from '../../src/list/store.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { MemoryList } from '../helpers/memory-list.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const start = Date.UTC(2026, 2, 1);
const addresses = ['ann@x.example', 'bob@x.example', 'carla@y.example'];

const rules: BounceRules = {
  action: 'remove',
  threshold: 1,
  halfLife: 30 * dayMs,
  warnAfter: 2 * dayMs,
  probeAfter: 3 * dayMs,
  unreachablePosts: 3,
  unreachableFor: 4 * dayMs,
  fullFor: 8 * dayMs,
  keepFor: 20 * dayMs,
  alarmRefusals: 3,
};

/** Something that happens to a list, after a while. */
interface Event {
  readonly kind: 'post' | 'back' | 'steps' | 'sent' | 'reset' | 'leave' | 'join' | 'complain' | 'forget' | 'told';
  readonly wait: number;
  readonly who: string;
  /** The membership before the last one. */
  readonly isFormer: boolean;
  readonly number: number;
  readonly grounds: Grounds;
  readonly step: Step;
  readonly isRight: boolean;
}

const anyEvent: fc.Arbitrary<Event> = fc.record({
  kind: fc.constantFrom(
    ...(['post', 'post', 'post', 'back', 'back', 'back', 'back', 'steps', 'steps', 'steps', 'sent'] as const),
    ...(['reset', 'leave', 'join', 'complain', 'forget', 'told'] as const),
  ),
  wait: fc.oneof(fc.integer({ min: 0, max: 2 * hourMs }), fc.integer({ min: 0, max: 4 * dayMs })),
  who: fc.constantFrom(...addresses),
  isFormer: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  number: fc.integer({ min: 0, max: 12 }),
  grounds: fc.constantFrom('address', 'address', 'unreachable', 'full', 'policy', 'passing'),
  step: fc.constantFrom('warn', 'probe'),
  isRight: fc.boolean(),
});

function bounceOf({ who: address, number, grounds }: Event, member: number, at: number, cause: string): NewBounce {
  const why = {
    reason: grounds,
    status: '',
    host: 'mx',
    text: `${grounds} ${cause}`,
    permanent: grounds === 'address',
  };
  return { member, address, number, at, how: 'mail', grounds, ...why, weight: grounds === 'address' ? 0.6 : 0, cause };
}

/** A store, and the ids that members of it have had. Numbers are its own: who is there already may use one up. */
interface Tried {
  readonly store: ListStore;
  readonly ids: Map<string, number[]>;
}

async function memberOf({ store, ids }: Tried, { who, isFormer }: Event): Promise<number> {
  const known = ids.get(who) ?? [];
  const id = (await store.memberOf('subscriber', who))?.id;
  if (id !== undefined && known.at(-1) !== id) known.push(id);
  ids.set(who, known);
  return known.at(isFormer ? -2 : -1) ?? known.at(-1) ?? 0;
}

/** Lets an event happen; gives all that the store said, as JSON. */
async function happen(one: Tried, event: Event, at: number, cause: string, given: BounceRules): Promise<string> {
  const { store } = one;
  const who = parseAddress(event.who)!;
  const member = await memberOf(one, event);
  const told = async (): Promise<unknown> => {
    const by = { id: cause, tag: event.kind, at };
    if (event.kind === 'post')
      return store.recordBounces([bounceOf(event, member, at, cause), bounceOf(event, member, at, cause)], given);
    if (event.kind === 'back') {
      const since = event.isRight ? await sinceOf(store, member) : at;
      const step = { step: event.step, since };
      return store.recordBounces([{ ...bounceOf(event, member, at, cause), number: 0, step }], given);
    }
    if (event.kind === 'steps') return stepsOf(await store.takeSteps(at, given, event.number));
    if (event.kind === 'sent') return store.stepsSent((await store.takeSteps(start - 1, given, 2)).steps);
    if (event.kind === 'reset') return store.resetStanding(member, by);
    if (event.kind === 'leave') return store.remove('subscriber', [who], by);
    if (event.kind === 'join') return store.add('subscriber', [who], by);
    if (event.kind === 'complain') return store.complain(bounceOf(event, member, at, cause), by);
    if (event.kind === 'forget') return store.forgetBounces(at - 10 * dayMs);
    return [await store.openAlarm(), await store.alarmTold()];
  };
  return JSON.stringify([await told(), await stateOf(store, at)]);
}

async function sinceOf(store: ListStore, member: number): Promise<number> {
  for await (const page of store.standings())
    for (const one of page) if (one.member === member) return one.standing.since;
  return 0;
}

function stepsOf({ steps, recovered }: { steps: readonly TakenStep[]; recovered: number }): unknown {
  return [steps.map((one) => ({ ...one, member: 0, standing: sorted(one.standing) })), recovered];
}

// What is kept as JSON has its fields in the order in which they came.
function sorted(fields: object): unknown {
  return Object.fromEntries(Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

async function stateOf(store: ListStore, now: number): Promise<unknown> {
  const standings: unknown[] = [];
  for await (const page of store.standings())
    standings.push(...page.map((one) => ({ ...one, member: 0, standing: sorted(one.standing) })));
  const log: unknown[] = [];
  for await (const page of store.log()) log.push(...page.map(({ at, event, address }) => [at, event, address]));
  const page = await store.page('subscriber', undefined, 1_000, 100);
  const bounces = (await store.bounces(100)).map(({ cause, counted }) => [cause, counted]);
  const receivers = [...unpackMembers(page.packed)].map(({ address }) => address);
  return [standings, log, receivers, bounces, await store.nextStep(), await store.bounceSummary(start, now)];
}

test('the database and a simple model say the same of whatever happens', async (t) => {
  const storage = inlineStorage(engines);
  const directory = await temporaryDirectory(t, () => storage.close());
  let lists = 0;
  let ends = 0;
  const anyHistory = fc.array(anyEvent, { minLength: 10, maxLength: 60, size: 'max' });
  const property = fc.asyncProperty(anyHistory, fc.constantFrom('remove', 'suspend'), async (history, action) => {
    const stores: readonly Tried[] = [sqliteList(storage, join(directory, `${++lists}.db`)), new MemoryList()].map(
      (store) => ({ store, ids: new Map() }),
    );
    const all = addresses.map((text) => parseAddress(text)!);
    for (const { store } of stores) await store.add('subscriber', all, { id: 'add', tag: '', at: start });
    let now = start;
    for (const [index, event] of history.entries()) {
      now += event.wait;
      const given = { ...rules, action };
      const [real, model] = await Promise.all(stores.map((one) => happen(one, event, now, `c${index}`, given)));
      assert.equal(real, model, `${index}: ${JSON.stringify(event)}`);
      if (real!.includes('"removed"') || real!.includes('["suspended"]')) ends++;
    }
  });
  await fc.assert(property, { numRuns: Number(process.env['MODEL_RUNS'] ?? 12) });
  t.diagnostic(`${lists} lists, ${ends} ends`);
});
