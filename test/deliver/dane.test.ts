import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { HostFaults } from '../../src/deliver/host-faults.ts';
import { nextHops, sureHops } from '../../src/deliver/hosts.ts';
import { reach } from '../../src/deliver/reach.ts';
import { defaultTimeouts, netDialer } from '../../src/deliver/session-setup.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { validatingResolver } from '../../src/lib/validating-resolver.ts';
import { parseStsPolicy } from '../../src/smtp/mta-sts.ts';
import { type Authority, makeAuthority } from '../helpers/authority.ts';
import { type Certificate, opensslIsAbsent } from '../helpers/certificate.ts';
import { HandClock } from '../helpers/hand-clock.ts';
import { type NameServer, rdata, type Said, startNameServer } from '../helpers/name-server.ts';
import { type Script, startScriptPeer } from '../helpers/script-peer.ts';
import { policyText } from '../helpers/sts.ts';

const skip = opensslIsAbsent();
const tlsaName = '_25._tcp.mx.d.example TLSA';

const offers: Script['answer'] = (line) => {
  if (line === 'CONNECT') return '220 peer ready';
  if (line.startsWith('EHLO')) return '250-peer\r\n250-STARTTLS\r\n250 HELP';
  return line === 'STARTTLS' ? '220 2.0.0 go' : '250 2.0.0 ok';
};
const plain: Script['answer'] = (line, connection) => (line.startsWith('EHLO') ? '250 peer' : offers(line, connection));

/** A record of a certificate, with the SHA-256 of its key. */
function tlsa(usage: number, { cert }: Certificate): Buffer {
  const key = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
  return rdata.tlsa(usage, 1, 1, createHash('sha256').update(key).digest());
}

const signed = (...records: Buffer[]): Said => ({ records, isSigned: true });

/** A signed zone with one MX host, and what its TLSA records are. */
async function startZone(t: TestContext, said: Said | undefined, more: Record<string, Said> = {}): Promise<NameServer> {
  return startNameServer(t, {
    'd.example MX': signed(rdata.mx(10, 'mx.d.example')),
    'mx.d.example A': signed(rdata.a('127.0.0.1')),
    ...(said && { [tlsaName]: said }),
    ...more,
  });
}

interface Way {
  readonly certificate: Certificate;
  readonly answer?: Script['answer'];
  readonly faults?: HostFaults;
  /** The domain's policy of MTA-STS. */
  readonly sts?: string;
  readonly authority?: Authority;
  readonly mustTls?: boolean;
}

/** Opens a session for d.example as a lane does. */
async function open(t: TestContext, { place }: NameServer, way: Way) {
  const { certificate, answer = offers, faults, sts, authority } = way;
  const peer = await startScriptPeer(t, { certificate, answer });
  const resolver = validatingResolver(place, 500);
  const policy = sts === undefined ? undefined : parseStsPolicy(sts);
  assert.ok(typeof policy !== 'string');
  const parts = { resolver, routes: new Map(), ownHosts: [], random: () => 0, stsOf: async () => policy };
  const found = await nextHops('d.example', parts);
  assert.ok(found.ok, JSON.stringify(found));
  const logged: string[] = [];
  const opened = await reach(sureHops(found.value, way.mustTls === true), {
    resolver,
    clock: systemClock,
    dialer: (_address, _port, timeoutMs) => netDialer('127.0.0.1', peer.port, timeoutMs),
    timeouts: { ...defaultTimeouts, command: 2_000 },
    hostname: 'h.example',
    log: (event, { reason }) => void logged.push(`${event} ${reason}`),
    ...(faults && { faults }),
    ...(authority && { authorities: authority.cert }),
  });
  const lane = found.value.key;
  if (!('socket' in opened)) return { result: opened.text, lane, logged, lines: peer.lines };
  opened.socket.destroy();
  return { result: `${opened.isSecure ? 'TLS' : 'clear text'} ${opened.host}`, lane, logged, lines: peer.lines };
}

const tls = 'TLS mx.d.example[127.0.0.1]';
const clear = 'clear text mx.d.example[127.0.0.1]';
const failed = '451 4.7.5 TLS required of this host by DANE failed: ';
const mismatch = `${failed}no TLSA record matches its certificates`;
const broken: Certificate = { key: '', cert: '' };

test('DANE-EE: the certificate that is named is right, whatever its name, date and issuer are', { skip }, async (t) => {
  const authority = await makeAuthority(t);
  for (const wishes of [{}, { isExpired: true }]) {
    const certificate = await authority.issue('DNS:elsewhere.example', wishes);
    const reached = await open(t, await startZone(t, signed(tlsa(3, certificate))), { certificate });
    assert.deepEqual([reached.result, reached.lane, reached.logged], [tls, 'dnssec mx.d.example:25', []]);
  }
});

test(
  'DANE-EE: another certificate is a deferral and never clear text, even one that an authority stands for',
  { skip },
  async (t) => {
    const authority = await makeAuthority(t);
    const certificate = await authority.issue('DNS:mx.d.example');
    const server = await startZone(t, signed(tlsa(3, await authority.issue('DNS:mx.d.example'))));
    const faults = new HostFaults(new HandClock());
    const { result, logged, lines } = await open(t, server, { certificate, authority, faults });
    assert.deepEqual([result, logged], [mismatch, [`tls.refused ${mismatch}`]]);
    assert.ok(!lines.some((line) => line.startsWith('MAIL')));
    assert.equal(lines.filter((line) => line === 'CONNECT').length, 1);
    assert.match(
      (await open(t, server, { certificate: broken, faults })).result,
      /^451 4\.7\.5 TLS required of this host by DANE/,
    );
    const stripped = await open(t, server, { certificate, answer: plain, faults });
    assert.equal(stripped.result, '451 4.7.4 TLS required of this host by DANE is not offered by it');
    assert.equal(
      (await open(t, server, { certificate, mustTls: true })).result,
      mismatch,
      'a wish for any TLS is less',
    );
  },
);

test(
  'DANE-TA: an authority that is named stands for the name of the host, until its certificate ends',
  { skip },
  async (t) => {
    const root = await makeAuthority(t);
    const middle = await root.issue('DNS:middle.example', { isAuthority: true });
    const chain = async (subject: string, isExpired = false): Promise<Certificate> => {
      const own = await middle.issue(subject, { isExpired });
      return { key: own.key, cert: `${own.cert}${middle.cert}${root.cert}` };
    };
    const table: [certificate: Certificate, authority: Certificate, want: string][] = [
      [await chain('DNS:mx.d.example'), root, tls],
      [await chain('DNS:mx.d.example'), middle, tls],
      [await chain('DNS:*.d.example'), middle, tls],
      [await chain('DNS:elsewhere.example'), root, `${failed}its certificate does not name mx.d.example`],
      [await chain('DNS:mx.d.example', true), root, `${failed}a certificate has expired, or is not valid yet`],
      [await chain('DNS:mx.d.example'), await makeAuthority(t), mismatch],
    ];
    for (const [certificate, authority, want] of table) {
      const { result } = await open(t, await startZone(t, signed(tlsa(2, authority))), { certificate });
      assert.equal(result, want);
    }
  },
);

test('what is not proved by DNSSEC, on any step of the way, says nothing', { skip }, async (t) => {
  const certificate = await (await makeAuthority(t)).issue('DNS:mx.d.example');
  const other = await (await makeAuthority(t)).issue('DNS:mx.d.example');
  const records = [tlsa(3, other)];
  const unsigned: [said: Said, more: Record<string, Said>, isAsked: boolean, lane: string][] = [
    [{ records }, {}, true, 'dnssec mx.d.example:25'],
    [signed(...records), { 'd.example MX': { records: [rdata.mx(10, 'mx.d.example')] } }, false, 'mx.d.example:25'],
    [signed(...records), { 'mx.d.example A': { records: [rdata.a('127.0.0.1')] } }, false, 'dnssec mx.d.example:25'],
  ];
  for (const [said, more, isAsked, want] of unsigned) {
    const server = await startZone(t, said, more);
    const { result, lane } = await open(t, server, { certificate });
    assert.deepEqual([result, lane], [tls, want]);
    assert.equal(server.asked.includes(tlsaName), isAsked, 'nobody asks for records that cannot be proved');
    assert.equal((await open(t, server, { certificate: broken })).result, clear);
  }
});

test('no records, whoever says so, leave everything as it was', { skip }, async (t) => {
  for (const said of [undefined, { isSigned: true }, { rcode: 3, isSigned: true }])
    assert.equal((await open(t, await startZone(t, said), { certificate: broken })).result, clear);
});

test('records that cannot be looked up keep mail from the host, and the next host is tried', { skip }, async (t) => {
  const certificate = await (await makeAuthority(t)).issue('DNS:mx.d.example');
  const reply = '451 4.7.5 TLS required: the TLSA records of this host could not be looked up';
  const alone = await open(t, await startZone(t, { rcode: 2 }), { certificate });
  assert.deepEqual([alone.result, alone.lines, alone.logged.length], [reply, [], 1]);
  const server = await startZone(
    t,
    { rcode: 2 },
    {
      'd.example MX': signed(rdata.mx(10, 'mx.d.example'), rdata.mx(20, 'b.d.example')),
      'b.d.example A': signed(rdata.a('127.0.0.1')),
    },
  );
  assert.equal((await open(t, server, { certificate })).result, 'TLS b.d.example[127.0.0.1]');
});

test('records of which none can be used ask for TLS with any certificate', { skip }, async (t) => {
  const certificate = await (await makeAuthority(t)).issue('DNS:elsewhere.example');
  for (const record of [tlsa(1, certificate), rdata.tlsa(3, 1, 9, Buffer.alloc(32)), Buffer.from([3])]) {
    const server = await startZone(t, signed(record));
    assert.equal((await open(t, server, { certificate })).result, tls);
    assert.match(
      (await open(t, server, { certificate: broken })).result,
      /^451 4\.7\.5 TLS required of this host by DANE failed/,
    );
    assert.match(
      (await open(t, server, { certificate, answer: plain })).result,
      /^451 4\.7\.4 TLS required of this host by DANE/,
    );
  }
});

test('a domain without MX is its own host', { skip }, async (t) => {
  const certificate = await (await makeAuthority(t)).issue('DNS:x.example');
  const server = await startNameServer(t, {
    'd.example A': signed(rdata.a('127.0.0.1')),
    'd.example MX': { isSigned: true },
    '_25._tcp.d.example TLSA': signed(tlsa(3, certificate)),
  });
  const other = await (await makeAuthority(t)).issue('DNS:d.example');
  assert.equal((await open(t, server, { certificate })).result, 'TLS d.example[127.0.0.1]');
  assert.equal((await open(t, server, { certificate: other })).result, mismatch);
});

test('where the MX host is an alias, the records of its true name go first (RFC 7672 §2.2.2)', { skip }, async (t) => {
  const root = await makeAuthority(t);
  const of = async (name: string): Promise<Certificate> => {
    const own = await root.issue(`DNS:${name}`);
    return { key: own.key, cert: own.cert + root.cert };
  };
  const alias = {
    'mx.d.example A': { alias: 'true.example', isSigned: true },
    'true.example A': signed(rdata.a('127.0.0.1')),
  };
  const at = { ...alias, '_25._tcp.true.example TLSA': signed(tlsa(2, root)) };
  const truly = await startZone(t, signed(tlsa(3, await makeAuthority(t))), at);
  assert.equal((await open(t, truly, { certificate: await of('true.example') })).result, tls);
  assert.match((await open(t, truly, { certificate: await of('mx.d.example') })).result, /does not name true\.example/);
  const only = await startZone(t, signed(tlsa(2, root)), alias);
  assert.equal((await open(t, only, { certificate: await of('mx.d.example') })).result, tls);
});

test('DANE goes before MTA-STS, where it has something to say', { skip }, async (t) => {
  const authority = await makeAuthority(t);
  const own = await authority.issue('DNS:elsewhere.example');
  const trusted = await authority.issue('DNS:mx.d.example');
  const unnamed = policyText('enforce', ['other.example']);
  const named = policyText('enforce');
  const server = await startZone(t, signed(tlsa(3, own)));
  const first = await open(t, server, { certificate: own, sts: unnamed, authority });
  assert.deepEqual([first.result, first.lane], [tls, 'dnssec mta-sts (mx.d.example):25']);
  assert.equal((await open(t, server, { certificate: trusted, sts: named, authority })).result, mismatch);
  const unusable = await startZone(t, signed(tlsa(1, own)));
  assert.match((await open(t, unusable, { certificate: own, sts: named, authority })).result, /by MTA-STS failed/);
  assert.match(
    (await open(t, unusable, { certificate: trusted, sts: unnamed, authority })).result,
    /does not name this host/,
  );
  assert.equal((await open(t, unusable, { certificate: trusted, sts: named, authority })).result, tls);
  const tried = await open(t, unusable, { certificate: broken, sts: policyText('testing'), authority });
  assert.match(tried.result, /^451 4\.7\.5 TLS required of this host by DANE failed/);
});
