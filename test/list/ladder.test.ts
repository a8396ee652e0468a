import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  climbed,
  firm,
  type Grounds,
  type LadderRules,
  returned,
  scoreAt,
  type Standing,
  type Step,
  type Stumble,
  stumbled,
} from '../../src/list/ladder.ts';

const dayMs = 86_400_000;
const minuteMs = 60_000;
const start = Date.UTC(2026, 0, 1);
const allGrounds: readonly Grounds[] = ['address', 'unreachable', 'full', 'policy', 'passing'];

const usual: LadderRules = Object.freeze({
  action: 'remove',
  threshold: 1,
  halfLife: 30 * dayMs,
  warnAfter: 10 * dayMs,
  probeAfter: 10 * dayMs,
  unreachablePosts: 3,
  unreachableFor: 14 * dayMs,
  fullFor: 60 * dayMs,
});

/** What happened: the day, the post's number, why and with what weight. */
type Fall = readonly [day: number, number: number, grounds: Grounds, weight?: number];

function stumbleOf([day, number, grounds, weight = grounds === 'address' ? 1 : 0]: Fall): Stumble {
  return { at: start + day * dayMs, number, grounds, weight };
}

function after(falls: readonly Fall[], rules = usual, from = firm): Standing {
  return falls.reduce((standing, fall) => stumbled(standing, stumbleOf(fall), rules), from);
}

function each(count: number, days: number, grounds: Grounds): Fall[] {
  return Array.from({ length: count }, (_, at) => [at * days, at + 1, grounds] as const);
}

const starts: readonly [what: string, falls: readonly Fall[], grounds: Grounds | undefined, rules?: LadderRules][] = [
  ['one bounce of a bad address', [[0, 1, 'address']], 'address'],
  ['a host that is not found, once', [[0, 1, 'address', 0.6]], undefined],
  [
    'a host that is not found, twice in a week',
    [
      [0, 1, 'address', 0.6],
      [7, 2, 'address', 0.6],
    ],
    'address',
  ],
  [
    'a host that is not found, again a month later',
    [
      [0, 1, 'address', 0.6],
      [31, 9, 'address', 0.6],
    ],
    undefined,
  ],
  ['two posts that no host took in a month', each(2, 30, 'unreachable'), undefined],
  ['three within 13 days', each(3, 6.5, 'unreachable'), undefined],
  ['three in 14 days', each(3, 7, 'unreachable'), 'unreachable'],
  ['twenty in 13 days', each(20, 13 / 19, 'unreachable'), undefined],
  ['twenty in 14 days', each(20, 14 / 19 + 1e-6, 'unreachable'), 'unreachable'],
  ['a mailbox that is full for 59 days', each(60, 1, 'full'), undefined],
  ['a mailbox that is full for 60 days', each(61, 1, 'full'), 'full'],
  ['a hundred refusals for the sake of policy', each(100, 1, 'policy'), undefined],
  ['a hundred temporary failures', each(100, 1, 'passing'), undefined],
  [
    'slow deaths of two kinds do not add up',
    [
      [0, 1, 'unreachable'],
      [7, 2, 'unreachable'],
      [14, 3, 'full'],
    ],
    undefined,
  ],
  ['a threshold of three, twice', each(2, 1, 'address'), undefined, { ...usual, threshold: 3 }],
  ['a threshold of three, four times in four days', each(4, 1, 'address'), 'address', { ...usual, threshold: 3 }],
  ['a threshold of three, every second month', each(50, 60, 'address'), undefined, { ...usual, threshold: 3 }],
  ['another number of posts', each(2, 14, 'unreachable'), 'unreachable', { ...usual, unreachablePosts: 2 }],
  ['another time of a full mailbox', each(2, 5, 'full'), 'full', { ...usual, fullFor: 5 * dayMs }],
];

for (const [what, falls, grounds, rules = usual] of starts) {
  test(`${what} ${grounds ? 'leads' : 'does not lead'} onto the ladder`, () => {
    const standing = after(falls, rules);
    assert.equal(standing.grounds, grounds);
    assert.equal(standing.state, 'ok', 'posts alone warn nobody');
    const last = start + falls.at(-1)![0] * dayMs;
    assert.equal(standing.due, grounds ? last + rules.warnAfter : undefined);
  });
}

test('a streak survives three posts or a week in between, and breaks with more of both', () => {
  const rows: readonly [number, number, number][] = [
    [4, 7.01, 1],
    [3, 30, 3],
    [40, 7, 3],
  ];
  for (const [posts, days, kept] of rows) {
    const falls: Fall[] = [0, 1].map((at) => [at, at + 1, 'unreachable']);
    const standing = after([...falls, [1 + days, 2 + posts, 'unreachable']]);
    assert.equal(standing.unreachable?.posts, kept, `${posts} posts, ${days} days`);
    assert.equal(standing.unreachable?.first, start + (kept === 1 ? (1 + days) * dayMs : 0));
  }
});

test('a mailbox that was emptied in between was not full all the time', () => {
  assert.equal(
    after([
      [0, 1, 'full'],
      [50, 50, 'full'],
      [61, 61, 'full'],
    ]).due,
    undefined,
  );
});

test('the score halves with each half-life and never grows by itself', () => {
  const standing = after([[0, 1, 'address']], { ...usual, threshold: 9 });
  assert.equal(scoreAt(standing, start, usual), 1);
  assert.equal(scoreAt(standing, start + 30 * dayMs, usual), 0.5);
  assert.equal(scoreAt(standing, start + 90 * dayMs, usual), 0.125);
  assert.equal(scoreAt(standing, start - 30 * dayMs, usual), 1, 'a clock that was put back adds nothing');
  assert.equal(scoreAt(firm, start, usual), 0);
});

test('the warning comes when it is due; later bounces do not put it off', () => {
  const standing = after(each(9, 1, 'address'));
  const due = start + 10 * dayMs;
  assert.equal(standing.due, due);
  assert.equal(standing.began, start);
  assert.equal(climbed(standing, due - 1, usual).step, undefined);
  const { standing: warned, step } = climbed(standing, due + 5, usual);
  assert.deepEqual([step, warned.state, warned.since, warned.began], ['warn', 'warned', due, start]);
});

/** A member whom the warning or the probe has been sent to, at the start. */
function asked(step: Step, rules = usual, grounds: Grounds = 'address'): Standing {
  const state = step === 'warn' ? 'warned' : 'probed';
  return { ...firm, state, since: start, grounds, due: start + rules.probeAfter, score: 1, scoredAt: start };
}

test('a warning that does not come back ends the matter, and so does a probe', () => {
  for (const step of ['warn', 'probe'] as const) {
    const standing = asked(step);
    assert.equal(climbed(standing, standing.due! - 1, usual).standing, standing);
    assert.deepEqual(climbed(standing, standing.due!, usual), { standing: firm, step: 'recovered' });
  }
});

test("a warning's bounce leads to the probe after its time, and the bounce of that to the end", () => {
  const at = start + 3 * dayMs;
  const back = returned(asked('warn'), { step: 'warn', since: start, grounds: 'address', at }, usual);
  assert.ok(back !== 'out');
  assert.deepEqual([back.state, back.due], ['warned', at + usual.probeAfter]);
  assert.equal(climbed(back, at + usual.probeAfter - 1, usual).step, undefined);
  const now = at + usual.probeAfter + 17 * minuteMs;
  const { standing: probed, step } = climbed(back, now, usual);
  assert.deepEqual([step, probed.state, probed.since, probed.due], ['probe', 'probed', now, now + usual.probeAfter]);
  const end = { step: 'probe', since: probed.since, grounds: 'address', at: now + dayMs } as const;
  assert.equal(returned(probed, end, usual), 'out');
});

test('the last proof suspends where the list wants that: the membership stays, and nothing more is due', () => {
  const rules: LadderRules = { ...usual, action: 'suspend' };
  const end = { step: 'probe', since: start, grounds: 'address', at: start + dayMs } as const;
  const standing = returned(asked('probe'), end, rules);
  assert.ok(standing !== 'out');
  assert.deepEqual([standing.state, standing.grounds, standing.due], ['suspended', 'address', undefined]);
  assert.equal(returned(standing, end, rules), standing, 'the same again');
  assert.equal(climbed(standing, start + 1_000 * dayMs, rules).standing, standing);
  const later = after(each(5, 1, 'address'), rules, standing);
  assert.deepEqual([later.state, later.due], ['suspended', undefined]);
});

test('a list that only records takes nobody onto the ladder, and whoever is there off it', () => {
  const rules: LadderRules = { ...usual, action: 'record' };
  const standing = after([...each(20, 1, 'address'), ...each(20, 1, 'unreachable'), ...each(99, 1, 'full')], rules);
  assert.deepEqual([standing.state, standing.due], ['ok', undefined]);
  for (const step of ['warn', 'probe'] as const) {
    const before = asked(step);
    assert.equal(returned(before, { step, since: start, grounds: 'address', at: start + 1 }, rules), before);
    assert.deepEqual(climbed(before, start + 99 * dayMs, rules), { standing: firm });
  }
});

test('a warning or a probe that comes back proves only a bad address or what brought the member here', () => {
  for (const why of ['address', 'unreachable', 'full'] as const)
    for (const grounds of allGrounds)
      for (const step of ['warn', 'probe'] as const) {
        const before = asked(step, usual, why);
        const next = returned(before, { step, since: start, grounds, at: start + dayMs }, usual);
        assert.equal(next !== before, grounds === 'address' || grounds === why, `${why}, ${step} back: ${grounds}`);
      }
});

test('what belongs to another time or another step changes nothing, and neither does the same again', () => {
  for (const state of ['warn', 'probe'] as const)
    for (const step of ['warn', 'probe'] as const)
      for (const since of [start, start - minuteMs, start + minuteMs, 0]) {
        const before = asked(state);
        const next = returned(before, { step, since, grounds: 'address', at: start + dayMs }, usual);
        assert.equal(next === before, !(step === state && since === start), `${state}: ${step} of ${since - start}`);
        if (step === 'warn' && next !== 'out')
          assert.equal(returned(next, { step, since, grounds: 'address', at: start + 5 * dayMs }, usual), next);
      }
});

/** Something that happens after a while. `token`: the step's own address, one of another time, or that of the step before. */
type Event =
  | { readonly kind: 'post'; readonly wait: number; readonly grounds: Grounds; readonly weight: number }
  | {
      readonly kind: 'back';
      readonly wait: number;
      readonly step: Step | 'sent';
      readonly token: 'right' | 'other' | 'before';
      readonly grounds: Grounds;
    }
  | { readonly kind: 'look'; readonly wait: number };

const anyWait = fc.integer({ min: 0, max: 15 * dayMs });
const anyGrounds = fc.constantFrom(...allGrounds, 'address' as const);
const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    kind: fc.constant('post' as const),
    wait: anyWait,
    grounds: anyGrounds,
    weight: fc.constantFrom(0, 0.6, 1),
  }),
  fc.record({
    kind: fc.constant('back' as const),
    wait: fc.integer({ min: 0, max: 3 * dayMs }),
    step: fc.constantFrom('sent' as const, 'sent' as const, 'warn' as const, 'probe' as const),
    token: fc.constantFrom('right' as const, 'right' as const, 'right' as const, 'other' as const, 'before' as const),
    grounds: anyGrounds,
  }),
  fc.record({ kind: fc.constant('look' as const), wait: anyWait }),
);
const anyRules: fc.Arbitrary<LadderRules> = fc.record({
  action: fc.constantFrom('remove' as const, 'remove' as const, 'suspend' as const, 'record' as const),
  threshold: fc.constantFrom(1, 1, 3),
  halfLife: fc.constant(30 * dayMs),
  warnAfter: fc.integer({ min: 0, max: 12 * dayMs }),
  probeAfter: fc.integer({ min: dayMs, max: 12 * dayMs }),
  unreachablePosts: fc.constant(3),
  unreachableFor: fc.constant(14 * dayMs),
  fullFor: fc.constant(60 * dayMs),
});

/** What was proved against a member, by the mails alone: kept beside the ladder, to judge it. */
interface Proofs {
  sent?: { readonly step: Step; readonly since: number };
  before?: number;
  warningBack?: true;
  probeBack?: true;
}

test('nobody is removed or suspended unless the warning came back and then the probe, each to its own address', () => {
  let ends = 0;
  const property = fc.property(
    anyRules,
    fc.array(anyEvent, { minLength: 1, maxLength: 40, size: 'max' }),
    (rules, events) => {
      let standing: Standing = firm;
      let proofs: Proofs = {};
      let now = start;
      for (const [index, event] of events.entries()) {
        now += event.wait;
        if (event.kind === 'post') {
          const next = stumbled(standing, { at: now, number: index, ...event }, rules);
          assert.equal(next.state, standing.state, 'a post alone changes no state');
          if (event.grounds === 'policy' || event.grounds === 'passing') assert.equal(next, standing);
          standing = next;
          continue;
        }
        if (event.kind === 'look') {
          const { standing: next, step } = climbed(standing, now, rules);
          standing = next;
          if (step === 'probe') assert.ok(proofs.warningBack, 'a probe only after the bounce of the warning');
          if (step === 'recovered' || (step === undefined && next === firm)) proofs = {};
          if (step === 'warn') proofs = { sent: { step, since: next.since } };
          if (step === 'probe')
            proofs = { warningBack: true, sent: { step, since: next.since }, before: proofs.sent!.since };
          continue;
        }
        const { sent, before = start } = proofs;
        const step = event.step === 'sent' ? (sent?.step ?? 'warn') : event.step;
        const since = event.token === 'right' ? (sent?.since ?? start) : event.token === 'before' ? before : now;
        const isProof = event.grounds === 'address' || event.grounds === standing.grounds;
        const isRight = sent?.step === step && sent.since === since && isProof;
        if (isRight && step === 'warn') proofs.warningBack = true;
        if (isRight && step === 'probe') proofs.probeBack = true;
        const next = returned(standing, { step, since, grounds: event.grounds, at: now }, rules);
        if (!isRight) assert.equal(next, standing);
        const isEnd = next === 'out' || (next.state === 'suspended' && standing.state !== 'suspended');
        if (isEnd) {
          assert.ok(proofs.warningBack && proofs.probeBack);
          assert.equal(next === 'out', rules.action === 'remove');
          assert.notEqual(rules.action, 'record');
          ends++;
        }
        if (next === 'out') return;
        assert.equal(returned(next, { step, since, grounds: event.grounds, at: now }, rules), next, 'replay');
        standing = next;
        if (isEnd) proofs = {};
      }
    },
  );
  fc.assert(property, { numRuns: 2_000 });
  assert.ok(ends > 5, `the ladder was climbed to its end ${ends} times`);
});

test('policy and temporary failures never move anything, whatever stands', () => {
  const anyFalls = fc.array(fc.tuple(fc.double({ min: 0, max: 100, noNaN: true }), fc.nat(50), anyGrounds));
  const property = fc.property(anyRules, anyFalls, (rules, falls) => {
    const ordered = falls.toSorted((a, b) => a[0] - b[0]);
    const counting = ordered.filter(([, , grounds]) => grounds !== 'policy' && grounds !== 'passing');
    assert.deepEqual(after(ordered, rules), after(counting, rules));
  });
  fc.assert(property);
});

test('what is known of a member is frozen and survives being written down', () => {
  for (const standing of [
    firm,
    after(each(3, 7, 'unreachable')),
    climbed(after(each(1, 1, 'address')), start + 11 * dayMs, usual).standing,
  ]) {
    assert.ok(Object.isFrozen(standing));
    assert.deepEqual(JSON.parse(JSON.stringify(standing)), standing);
  }
});
