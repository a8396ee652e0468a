import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { shippedProviders } from '../../src/deliver/providers.ts';
import { Traffic } from '../../src/deliver/traffic.ts';
import type { TrafficParts } from '../../src/deliver/traffic-parts.ts';
import type { FromTraffic, ToTraffic } from '../../src/deliver/traffic-messages.ts';
import type { Clock } from '../../src/lib/clock.ts';

const minute = 60_000;

/** Stands until it is moved; whoever sleeps wakes when it passes. */
class StepClock implements Clock {
  #now = Date.UTC(2026, 0, 15);
  readonly #sleepers: { at: number; wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#sleepers.push({ at: this.#now + ms, wake: resolve });
      signal?.addEventListener('abort', () => resolve());
    });
  }

  async move(ms: number): Promise<void> {
    this.#now += ms;
    for (const sleeper of this.#sleepers) if (sleeper.at <= this.#now) sleeper.wake();
    await turn();
  }
}

interface Member {
  readonly say: (message: ToTraffic) => void;
  readonly heard: FromTraffic[];
  /** Connections that were granted so far, of one lane or of all. */
  leases(lane?: string): number;
  want(lane: string, count: number, hosts?: readonly string[]): void;
  end(lane: string, count?: number): void;
}

function startTraffic(given: Partial<TrafficParts> = {}) {
  const clock = new StepClock();
  const logged: string[] = [];
  const traffic = new Traffic({
    clock,
    log: (event, fields) => logged.push([event, ...Object.values(fields)].join(' ')),
    random: () => 0.5,
    providers: shippedProviders,
    laneConnections: 5,
    routeConnections: 20,
    connectionsOut: 200,
    ...given,
  });
  const join = (): Member => {
    const heard: FromTraffic[] = [];
    const say = traffic.join((message) => heard.push(message));
    const leases = (lane?: string): number =>
      heard.filter((message) => message.kind === 'lease' && (lane === undefined || message.lane === lane)).length;
    return {
      say,
      heard,
      leases,
      want: (lane, count, hosts = [lane]) =>
        say({ kind: 'want', lane: { lane, hosts, isRoute: lane.startsWith('smtp://') }, count, isFirst: true }),
      end: (lane, count = 1) => {
        for (let n = 0; n < count; n++) say({ kind: 'end', lane, isUsed: true });
      },
    };
  };
  return { clock, logged, traffic, join };
}

function counted(lane: string, delivered: number): ToTraffic {
  const nothing = { waiting: 0, opening: 0, deferred: 0, failed: 0, uncertain: 0, lastReply: '' };
  return { kind: 'counts', lanes: [{ lane, delivered, ...nothing }], lists: [], classes: [] };
}

const gmail = 'gmail-smtp-in.l.google.com';
const quota = '421 4.7.28 Our system has detected an unusual rate of unsolicited mail';

test('several deliverers share the connections of a lane, in turn', async () => {
  const { clock, join } = startTraffic();
  const members = [join(), join()];
  for (const member of members) member.want('mx.example.net', 10);
  assert.equal(members[0]!.leases() + members[1]!.leases(), 5);
  await clock.move(minute);
  members[0]!.end('mx.example.net', 5);
  assert.ok(members[1]!.leases() >= 2, `${members[1]!.leases()} for the second`);
  assert.equal(members[0]!.leases() + members[1]!.leases(), 10);
});

test('a route of the operator has its own number, and all lanes together theirs', () => {
  const { join } = startTraffic({ connectionsOut: 22 });
  const member = join();
  member.want('smtp://relay.example.net:25', 50);
  assert.equal(member.leases(), 20);
  for (let n = 0; n < 5; n++) member.want(`mx${n}.example.net`, 5);
  assert.equal(member.leases(), 22);
  member.end('smtp://relay.example.net:25', 3);
  assert.equal(member.leases(), 25, 'whoever waits is served');
});

test('Gmail: silence of ten minutes for all its lanes, then one connection, and one more with each success', async () => {
  const { clock, join, logged } = startTraffic();
  const member = join();
  const other = 'aspmx.l.google.com';
  member.want(gmail, 5);
  const before = member.leases();
  member.say({ kind: 'refusal', lane: gmail, domain: 'gmail.com', reply: quota });
  member.end(gmail, before);
  member.want(other, 3);
  await clock.move(10 * minute - 1);
  assert.equal(member.leases(), before, 'nothing is opened meanwhile, to no host of Google');
  await clock.move(1);
  assert.equal(member.leases(), before + 1);
  await clock.move(1_000);
  member.say(counted(gmail, 100));
  assert.equal(member.leases(), before + 2, 'however many copies it took');
  await clock.move(1_000);
  member.say(counted(gmail, 1));
  assert.equal(member.leases(), before + 2);
  member.say(counted(gmail, 1));
  assert.equal(member.leases(), before + 3);
  assert.equal(logged.filter((line) => line.startsWith('lane.backedOff')).length, 1);
});

test('timeouts, greylisting and what is said of one recipient do not stop a lane', () => {
  const { join } = startTraffic();
  const member = join();
  member.want('mx.example.net', 1);
  for (const reply of [
    '450 4.2.0 greylisted, try again in 300 seconds',
    '452 4.2.2 mailbox full',
    '450 4.1.1 user is moving',
    '550 5.1.1 nobody',
  ])
    member.say({ kind: 'refusal', lane: 'mx.example.net', domain: 'example.net', reply });
  member.say({ kind: 'timedOut', address: '192.0.2.1' });
  member.want('mx.example.net', 1);
  assert.equal(member.leases(), 2);
});

test('a refusal that speaks of a domain closes that domain, and no lane', () => {
  const { join } = startTraffic();
  const [one, two] = [join(), join()];
  one.want('mx.example.net', 1);
  const reply = '451 4.4.4 no route for this domain at the moment';
  one.say({ kind: 'refusal', lane: 'mx.example.net', domain: 'example.net', reply });
  for (const member of [one, two])
    assert.ok(
      member.heard.some((message) => message.kind === 'domain' && message.domain === 'example.net'),
      'every deliverer hears of it',
    );
  one.want('mx.example.net', 1);
  assert.equal(one.leases(), 2);
});

test('a lane none of whose hosts took a connection is left alone; one that has sessions is crowded', async () => {
  const { clock, join } = startTraffic();
  const member = join();
  const result = { state: 'deferred', host: '', reply: '451 4.4.1 nobody answered' } as const;
  member.want('a.example', 5);
  member.say({ kind: 'unreachable', lane: 'a.example', result, sessions: 2 });
  await clock.move(30_000);
  member.end('a.example', 5);
  member.want('a.example', 5);
  assert.equal(member.leases('a.example'), 7, 'with two more, not five');
  member.want('b.example', 1);
  member.say({ kind: 'unreachable', lane: 'b.example', result, sessions: 0 });
  member.end('b.example');
  member.want('b.example', 1);
  assert.equal(member.leases('b.example'), 1);
  const state = member.heard.findLast((message) => message.kind === 'lane' && message.lane === 'b.example');
  assert.ok(state?.kind === 'lane' && state.state.wasTried && state.state.closedBy?.reply === result.reply);
  await clock.move(10 * minute);
  assert.equal(member.leases('b.example'), 2);
});

test('a dead host is told to all, and forgotten when it answers', async () => {
  const { clock, join } = startTraffic();
  const [one, two] = [join(), join()];
  one.say({ kind: 'timedOut', address: '2001:db8::1' });
  await clock.move(3 * minute);
  one.say({ kind: 'timedOut', address: '2001:db8::1' });
  const told = two.heard.find((message) => message.kind === 'dead');
  assert.ok(told?.kind === 'dead' && told.until > clock.now() + 60 * minute);
  two.say({ kind: 'answered', address: '2001:db8::1' });
  assert.deepEqual(one.heard.at(-1), { kind: 'dead', address: '2001:db8::1', until: 0 });
});

test('an operator pauses, slows and resumes a lane', async () => {
  const { traffic, join } = startTraffic();
  const member = join();
  assert.equal(await traffic.setLane('mx.example.net', { factor: 0.5 }), false, 'nobody knows it');
  member.want('mx.example.net', 1);
  assert.equal(await traffic.setLane('mx.example.net', { paused: true }), true);
  member.want('mx.example.net', 1);
  assert.equal(member.leases(), 1);
  await traffic.setLane('mx.example.net', { paused: false, factor: 0.1 });
  assert.equal(member.leases(), 2);
  const [report] = await traffic.lanes();
  assert.deepEqual([report?.paused, report?.factor], [false, 0.1]);
});

test('the deliverers of a lane share its rate by the connections that they have', async () => {
  const { clock, join } = startTraffic();
  const [one, two] = [join(), join()];
  const rateOf = ({ heard }: Member): number | undefined => {
    const told = heard.findLast((message) => message.kind === 'lane');
    return told?.kind === 'lane' ? told.state.perSecond : undefined;
  };
  one.want('mx.example.net', 2);
  assert.equal(rateOf(one), 100, 'alone, with however many connections');
  two.want('mx.example.net', 2);
  assert.deepEqual([rateOf(one), rateOf(two)], [50, 50]);
  await clock.move(minute);
  one.end('mx.example.net', 1);
  assert.ok(Math.abs(rateOf(one)! - 100 / 3) < 1e-9 && Math.abs(rateOf(two)! - 200 / 3) < 1e-9);
  one.end('mx.example.net', 1);
  assert.deepEqual([rateOf(one), rateOf(two)], [0, 100]);
});

test('whoever dials once more for a connection waits for the word, which comes within the rule of the minute', async () => {
  const { clock, join } = startTraffic({ laneConnections: 100 });
  const member = join();
  member.want('mx.example.net', 50);
  const dialled = (): number => member.leases() + member.heard.filter(({ kind }) => kind === 'dial').length;
  assert.equal(dialled(), 50);
  for (let n = 0; n < 80; n++) member.say({ kind: 'dial', lane: 'mx.example.net' });
  for (let second = 0; second < 59; second++) await clock.move(1_000);
  assert.ok(dialled() <= 100 && dialled() > 90, `${dialled()} in the first minute`);
  for (let second = 0; second < 60; second++) await clock.move(1_000);
  assert.equal(dialled(), 130);
});

test('a fault of ours is told once an hour for each provider', async () => {
  const { clock, join, logged } = startTraffic();
  const member = join();
  member.want(gmail, 1);
  const reply = '550 5.7.26 unauthenticated mail is not accepted';
  const say = (): void => member.say({ kind: 'refusal', lane: gmail, domain: 'gmail.com', reply });
  for (let n = 0; n < 5; n++) say();
  await clock.move(60 * minute);
  say();
  assert.equal(logged.filter((line) => line.startsWith('lane.alarm')).length, 2);
});

test('what holds lanes and providers back, and dead hosts, outlive a restart', async () => {
  const first = startTraffic();
  const member = first.join();
  member.want(gmail, 1);
  member.say({ kind: 'refusal', lane: gmail, domain: 'gmail.com', reply: quota });
  member.say({ kind: 'timedOut', address: '192.0.2.1' });
  await first.clock.move(3 * minute);
  member.say({ kind: 'timedOut', address: '192.0.2.1' });
  const memory = JSON.parse(JSON.stringify(first.traffic.memory()));

  const second = startTraffic({ memory });
  const again = second.join();
  const dead = again.heard.find((message) => message.kind === 'dead');
  assert.equal(dead?.kind === 'dead' && dead.address, '192.0.2.1');
  again.want(gmail, 5);
  assert.equal(again.leases(), 0);
  const state = again.heard.find((message) => message.kind === 'lane');
  assert.ok(state?.kind === 'lane' && state.state.closedBy?.reply.includes('4.7.28'));
  again.want('mx.example.net', 1);
  assert.equal(again.leases(), 1, 'others are as they were');
  await second.clock.move(10 * minute);
  assert.equal(again.leases(gmail), 1, 'one connection after the silence');
});

test('what was left in server.db and makes no sense is nothing', async () => {
  const { readMemory } = await import('../../src/deliver/traffic-memory.ts');
  for (const text of [undefined, '', '{', 'null', '[]', '{"lanes":{}}'])
    assert.deepEqual(Object.keys(readMemory(text).lanes), []);
});

test('limits that are read again hold for lanes that are known; connections and silences are remembered', async () => {
  const { traffic, clock, join } = startTraffic({ laneConnections: 2, connectionsOut: 6 });
  const limits = { providers: shippedProviders, laneConnections: 4, routeConnections: 20, connectionsOut: 6 };
  const one = join();
  one.want('mx.example.net', 10);
  assert.equal(one.leases('mx.example.net'), 2);
  traffic.renew(limits);
  assert.equal(one.leases('mx.example.net'), 4);
  traffic.renew({ ...limits, laneConnections: 1 });
  one.end('mx.example.net', 3);
  one.want('mx.example.net', 10);
  assert.equal(one.leases('mx.example.net'), 4);
  one.end('mx.example.net');
  assert.equal(one.leases('mx.example.net'), 5);

  one.want('mx.example.com', 1);
  one.say({ kind: 'refusal', lane: 'mx.example.com', domain: 'example.com', reply: '421 4.7.0 slow down' });
  one.end('mx.example.com');
  const own = { ...shippedProviders.at(-1)!, name: 'club', hosts: ['.example.com'], connections: 3, silenceSeconds: 1 };
  traffic.renew({ ...limits, providers: [own, ...shippedProviders] });
  one.want('mx.example.com', 5);
  assert.equal(one.leases('mx.example.com'), 1);
  assert.equal((await traffic.lanes()).find(({ lane }) => lane === 'mx.example.com')?.provider, 'club');
  await clock.move(120 * minute);
  assert.ok(one.leases('mx.example.com') > 1);
  traffic.renew({ ...limits, providers: [own, ...shippedProviders], connectionsOut: 200 });
  traffic.stop();
});

test('what is paused before there is such a lane is held from its first mail, until it is resumed by either name', async () => {
  const { traffic, join } = startTraffic();
  const member = join();
  for (const name of ['mx.example.net', 'late.example.net:25', 'smtp://relay.example.net:25'])
    assert.ok(await traffic.setLane(name, { paused: true }));
  assert.equal(await traffic.setLane('other.example.net', { paused: false, factor: 1 }), false);
  assert.equal(await traffic.setLane('other.example.net', { factor: 0.5 }), false);
  const lanes: [lane: string, hosts: string[]][] = [
    ['mx.example.net mx2.example.net:25', ['mx.example.net', 'mx2.example.net']],
    ['late.example.net:25', ['late.example.net']],
    ['smtp://relay.example.net:25', ['relay.example.net']],
  ];
  for (const [lane, hosts] of lanes) member.want(lane, 1, hosts);
  member.want('mx3.example.net:25', 1, ['mx3.example.net']);
  assert.equal(member.leases(), 1);
  const paused = async (): Promise<number> => (await traffic.lanes()).filter((lane) => lane.paused).length;
  assert.equal(await paused(), 6);
  assert.ok(await traffic.setLane('mx.example.net', { paused: false, factor: 1 }));
  assert.equal(member.leases(lanes[0]![0]), 1);
  assert.ok(await traffic.setLane('late.example.net:25', { paused: false, factor: 1 }));
  assert.equal(member.leases(), 3);
  assert.equal(await paused(), 2);
  assert.deepEqual(
    member.heard.flatMap((message) => (message.kind === 'hold' ? [[message.domain, message.isPaused]] : [])),
    [
      ['mx.example.net', true],
      ['late.example.net:25', true],
      ['smtp://relay.example.net:25', true],
      ['mx.example.net', false],
      ['late.example.net:25', false],
    ],
  );
});

test('a lane hears whether its hosts get anything in clear text', () => {
  const { join } = startTraffic();
  const member = join();
  member.want('google', 1, ['aspmx.l.google.com']);
  member.want('others', 1, ['mx.example.net']);
  const states = member.heard.flatMap((message) =>
    message.kind === 'lane' ? [[message.lane, message.state.mustTls]] : [],
  );
  assert.deepEqual(states, [
    ['google', true],
    ['others', false],
  ]);
});
