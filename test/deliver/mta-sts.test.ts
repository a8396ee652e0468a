import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { groundsOf, judgeRefusal } from '../../src/bounce/grounds.ts';
import { HostFaults } from '../../src/deliver/host-faults.ts';
import { nextHops, sureHops } from '../../src/deliver/hosts.ts';
import { reach } from '../../src/deliver/reach.ts';
import { defaultTimeouts, netDialer } from '../../src/deliver/session-setup.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { systemResolver } from '../../src/lib/dns.ts';
import { parseRoutes } from '../../src/smtp/next-hop.ts';
import { classify } from '../../src/smtp/reply-class.ts';
import type { Authority } from '../helpers/authority.ts';
import { type Certificate, opensslIsAbsent } from '../helpers/certificate.ts';
import { HandClock } from '../helpers/hand-clock.ts';
import { rdata } from '../helpers/name-server.ts';
import { startOutgoing } from '../helpers/outgoing.ts';
import { type Script, startScriptPeer } from '../helpers/script-peer.ts';
import { policyText, startStsWorld, type StsWorld } from '../helpers/sts.ts';
import { until } from '../helpers/until.ts';

const skip = opensslIsAbsent();

const offers: Script['answer'] = (line) => {
  if (line === 'CONNECT') return '220 peer ready';
  if (line.startsWith('EHLO')) return '250-peer\r\n250-STARTTLS\r\n250 HELP';
  if (line === 'STARTTLS') return '220 2.0.0 go';
  return line === 'DATA' ? '354 go on' : '250 2.0.0 ok';
};

interface Reached {
  /** `TLS`, `clear text`, or the reply in place of a session. */
  readonly result: string;
  readonly lane: string;
  readonly logged: readonly string[];
}

interface Way {
  readonly certificate: Certificate;
  readonly answer?: Script['answer'];
  readonly faults?: HostFaults;
  readonly mustTls?: boolean;
}

/** Opens a session for a domain as a lane does: policy, MX, addresses, STARTTLS. */
async function open(
  t: TestContext,
  world: StsWorld,
  { certificate, answer = offers, faults, mustTls }: Way,
): Promise<Reached> {
  const peer = await startScriptPeer(t, { certificate, answer });
  const policies = world.run();
  const resolver = systemResolver([world.names.place]);
  const stsOf = (domain: string) => policies.of(domain);
  const found = await nextHops(world.domain, { resolver, routes: new Map(), ownHosts: [], random: () => 0, stsOf });
  assert.ok(found.ok, JSON.stringify(found));
  const logged: string[] = [];
  const opened = await reach(sureHops(found.value, mustTls === true), {
    resolver,
    clock: systemClock,
    dialer: (address, _port, timeoutMs) => netDialer(address, peer.port, timeoutMs),
    timeouts: { ...defaultTimeouts, command: 2_000 },
    hostname: 'h.example',
    authorities: world.authority.cert,
    log: (event, { reason }) => void logged.push(`${event} ${reason}`),
    ...(faults && { faults }),
  });
  const lane = found.value.key;
  if (!('socket' in opened)) return { result: opened.text, lane, logged };
  opened.socket.destroy();
  return { result: opened.isSecure ? 'TLS' : 'clear text', lane, logged };
}

const refusedName = /^451 4\.7\.5 TLS required: the MTA-STS policy of the domain does not name this host$/;
const refusedCertificate = /^451 4\.7\.5 TLS required of this host by MTA-STS failed: /;
const trialName = /^tls\.trial TLS required: the MTA-STS policy/;
const trialCertificate = /^tls\.trial /;
const tls = /^TLS$/;

type Case = readonly [
  mode: string,
  mx: 'match' | 'mismatch',
  certificate: 'ok' | 'bad',
  want: RegExp,
  logged: RegExp[],
];

// `cached`: enforce, and the file that the record now speaks of cannot be fetched.
const table: readonly Case[] = [
  ['enforce', 'match', 'ok', tls, []],
  ['enforce', 'match', 'bad', refusedCertificate, [/^tls\.refused 451 4\.7\.5/]],
  ['enforce', 'mismatch', 'ok', refusedName, [/^tls\.refused/]],
  ['enforce', 'mismatch', 'bad', refusedName, [/^tls\.refused/]],
  ['testing', 'match', 'ok', tls, []],
  ['testing', 'match', 'bad', tls, [trialCertificate]],
  ['testing', 'mismatch', 'ok', tls, [trialName]],
  ['testing', 'mismatch', 'bad', tls, [trialName, trialCertificate]],
  ['none', 'match', 'ok', tls, []],
  ['none', 'match', 'bad', tls, []],
  ['none', 'mismatch', 'ok', tls, []],
  ['none', 'mismatch', 'bad', tls, []],
  ['cached', 'match', 'ok', tls, []],
  ['cached', 'match', 'bad', refusedCertificate, [/^tls\.refused/]],
  ['cached', 'mismatch', 'ok', refusedName, [/^tls\.refused/]],
  ['cached', 'mismatch', 'bad', refusedName, [/^tls\.refused/]],
];

/** Certificates that do not prove that a host is mx.d.example. */
async function badCertificates(t: TestContext, authority: Authority): Promise<Certificate[]> {
  const stranger = await (await startStsWorld(t, new HandClock())).authority.issue('DNS:mx.d.example');
  return [
    await authority.issue('DNS:mx.other.example'),
    await authority.issue('DNS:mx.d.example', { isExpired: true }),
    stranger,
  ];
}

for (const [mode, mx, certificate, want, logged] of table) {
  test(`${mode}, MX ${mx}, certificate ${certificate}`, { skip }, async (t) => {
    const world = await startStsWorld(t, new HandClock());
    const { authority } = world;
    world.publish(
      '1',
      policyText(mode === 'cached' ? 'enforce' : mode, [mx === 'match' ? '*.d.example' : 'other.d.example']),
    );
    if (mode === 'cached') {
      await world.run().of(world.domain);
      world.publish('2', '');
      world.web.answer = { status: 503 };
    }
    const certificates =
      certificate === 'ok' ? [await authority.issue('DNS:mx.d.example')] : await badCertificates(t, authority);
    for (const one of certificates) {
      const reached = await open(t, world, { certificate: one });
      assert.match(reached.result, want);
      assert.equal(reached.logged.length, logged.length, reached.logged.join());
      for (const [at, line] of logged.entries()) assert.match(reached.logged[at]!, line);
    }
  });
}

const broken: Certificate = { key: '', cert: '' };
const plain: Script['answer'] = (line, connection) => (line.startsWith('EHLO') ? '250 peer' : offers(line, connection));

test(
  'with no policy, or one whose time is over, mail goes as before: in clear text where TLS fails',
  { skip },
  async (t) => {
    const clock = new HandClock();
    const world = await startStsWorld(t, clock);
    assert.equal((await open(t, world, { certificate: broken })).result, 'clear text');
    world.publish('1', policyText('enforce'));
    assert.match((await open(t, world, { certificate: broken })).result, refusedCertificate);
    clock.move(86_400_000);
    world.web.answer = { status: 404 };
    const { result, lane } = await open(t, world, { certificate: broken });
    assert.deepEqual([result, lane], ['clear text', 'mx.d.example:25']);
  },
);

test(
  'an enforced policy never falls back: not for a host without STARTTLS, not for one that is known to fail',
  { skip },
  async (t) => {
    const clock = new HandClock();
    const world = await startStsWorld(t, clock);
    const faults = new HostFaults(clock);
    assert.equal((await open(t, world, { certificate: broken, faults })).result, 'clear text');
    world.publish('1', policyText('enforce'));
    const certificate = await world.authority.issue('DNS:mx.d.example');
    assert.match((await open(t, world, { certificate: broken, faults })).result, refusedCertificate);
    assert.equal(
      (await open(t, world, { certificate, faults })).result,
      'TLS',
      'the memory of the failure counts for nothing',
    );
    const { result } = await open(t, world, { certificate, answer: plain });
    assert.equal(result, '451 4.7.4 TLS required of this host by MTA-STS is not offered by it');
    const weaker = await open(t, world, { certificate: await world.authority.issue('DNS:x.example'), mustTls: true });
    assert.match(weaker.result, refusedCertificate, "a provider's own wish for TLS of any kind does not weaken it");
  },
);

test('a policy that is tried out lets everything through, and tells', { skip }, async (t) => {
  const world = await startStsWorld(t, new HandClock());
  world.publish('1', policyText('testing'));
  const { result, logged } = await open(t, world, { certificate: broken, answer: plain });
  assert.deepEqual([result, logged], ['clear text', ['tls.trial there is no TLS']]);
});

test('of several hosts those are used that the policy names, and the lane says which', { skip }, async (t) => {
  const world = await startStsWorld(t, new HandClock());
  world.names.zone.set('d.example MX', { records: [rdata.mx(5, 'evil.d.example'), rdata.mx(10, 'mx.d.example')] });
  world.names.zone.set('evil.d.example A', { records: [rdata.a('127.0.0.1')] });
  world.publish('1', policyText('enforce'));
  const { result, lane } = await open(t, world, { certificate: await world.authority.issue('DNS:mx.d.example') });
  assert.deepEqual([result, lane], ['TLS', 'mta-sts (evil.d.example), mx.d.example:25']);
});

test('what is refused counts as a fault of ours, against no recipient', () => {
  for (const reply of [
    '451 4.7.5 TLS required: the MTA-STS policy of the domain does not name this host',
    '451 4.7.5 TLS required of this host by MTA-STS failed: certificate has expired',
    '451 4.7.4 TLS required of this host by MTA-STS is not offered by it',
    '451 4.7.5 TLS required: the TLSA records of this host could not be looked up',
  ]) {
    const { class: name, isPermanent, score } = classify(reply);
    assert.deepEqual([name, isPermanent, score], ['our fault', false, 'none'], reply);
    const given = `550 5.4.7 given up after 5 days; the last reply: ${reply}`;
    assert.equal(groundsOf(judgeRefusal('bob@d.example', given)).weight, 0);
  }
});

test('a route goes before a policy', { skip }, async (t) => {
  const world = await startStsWorld(t, new HandClock());
  world.publish('1', policyText('enforce'));
  const stsOf = (): never => assert.fail('nobody asks');
  const resolver = systemResolver([world.names.place]);
  const routes = parseRoutes({ 'd.example': '127.0.0.1:2525' });
  const found = await nextHops('d.example', { resolver, routes, ownHosts: [], random: () => 0, stsOf });
  assert.ok(found.ok && found.value.isRoute && found.value.policy.tls === 'opportunistic');
});

test(
  'two domains of one host: mail of the one with a policy waits, the other goes out, and they share no session',
  { skip },
  async (t) => {
    const world = await startStsWorld(t, new HandClock());
    world.publish('1', policyText('enforce'));
    world.names.zone.set('e.example MX', { records: [rdata.mx(10, 'mx.d.example')] });
    const certificate = await world.authority.issue('DNS:mx.other.example');
    const peer = await startScriptPeer(t, { certificate, answer: offersData() });
    const policies = world.run();
    const outgoing = await startOutgoing(t, {
      carrier: {
        resolver: systemResolver([world.names.place]),
        stsOf: (domain) => policies.of(domain),
        dialer: (address, _port, timeoutMs) => netDialer(address, peer.port, timeoutMs),
        authorities: world.authority.cert,
      },
    });
    await outgoing.post(['ann@e.example', 'bob@d.example', 'eve@e.example']);
    const results = async (): Promise<string[]> =>
      (await outgoing.traces()).flatMap(({ address, attempts }) =>
        attempts.map(({ state, reply }) => `${address} ${state} ${reply.slice(0, 9)}`),
      );
    await until('all are tried', async () => (await results()).length === 3);
    assert.deepEqual((await results()).toSorted(), [
      'ann@e.example delivered 250 2.0.0',
      'bob@d.example deferred 451 4.7.5',
      'eve@e.example delivered 250 2.0.0',
    ]);
    const refusals = outgoing.logged.filter(({ event }) => event === 'tls.refused');
    assert.ok(refusals.length > 0);
    assert.ok(!peer.lines.some((line) => line.includes('bob@d.example')), 'not even the address is told');
  },
);

/** The same, and takes messages. */
function offersData(): Script['answer'] {
  const inside = new Set<number>();
  return (line, connection) => {
    if (line === 'DATA') inside.add(connection);
    else if (line === '.') inside.delete(connection);
    else if (inside.has(connection)) return '';
    return offers(line, connection);
  };
}
