import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { HostFaults } from '../../src/deliver/host-faults.ts';
import type { SetupParts } from '../../src/deliver/session-parts.ts';
import { defaultTimeouts, netDialer, openSession } from '../../src/deliver/session-setup.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { permanent, success, failed } from '../../src/mail/failure.ts';
import { parseNextHop } from '../../src/smtp/next-hop.ts';
import { type Certificate, makeCertificate, opensslIsAbsent } from '../helpers/certificate.ts';
import { HandClock } from '../helpers/hand-clock.ts';
import { type Script, startScriptPeer } from '../helpers/script-peer.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const skip = opensslIsAbsent();

interface Opened {
  /** `open` and what the peer can do, or the text of the failure. */
  readonly result: string;
  readonly isOurs: boolean;
  readonly lines: readonly string[];
  readonly logged: readonly string[];
}

/** Opens a session by a route whose port is the peer's, and closes it. */
async function open(
  t: TestContext,
  script: Script,
  route = 'smtp://127.0.0.1',
  given: Partial<SetupParts> = {},
): Promise<Opened> {
  const peer = await startScriptPeer(t, script);
  const policy = parseNextHop(route);
  assert.ok(typeof policy !== 'string', JSON.stringify(policy));
  const logged: string[] = [];
  const opened = await openSession(policy.host, script.path ?? '127.0.0.1', peer.port, {
    dialer: netDialer,
    clock: systemClock,
    timeouts: { ...defaultTimeouts, command: 3_000 },
    hostname: 'h.example',
    policy,
    secretOf: async () => success('sesame'),
    log: (event, { reason }) => void logged.push(`${event} ${reason}`),
    ...given,
  });
  const { lines } = peer;
  if (!('socket' in opened)) return { result: opened.text, isOurs: opened.isOurs === true, lines, logged };
  const { pipelining, chunking, utf8 } = opened.capabilities;
  const words = [pipelining && 'pipelining', chunking && 'chunking', utf8 && 'utf8'].filter(Boolean);
  opened.socket.destroy();
  return { result: ['open', ...words].join(' '), isOurs: false, lines, logged };
}

const ehlo = (...keywords: string[]): string =>
  ['250-peer', ...keywords.map((one) => `250-${one}`), '250 HELP'].join('\r\n');

/** Answers by the first word of a line; what is not there is 250. */
function answers(table: Readonly<Record<string, string>>): Script['answer'] {
  return (line) => table[line.split(' ')[0]!] ?? (line === 'CONNECT' ? '220 peer ready' : '250 2.0.0 ok');
}

test('a host that knows EHLO is asked for no more', async (t) => {
  const { result, lines } = await open(t, { answer: answers({ EHLO: ehlo('PIPELINING', 'CHUNKING') }) });
  assert.deepEqual([result, lines], ['open pipelining chunking', ['CONNECT', 'EHLO h.example']]);
});

test('a host that refuses EHLO is asked with HELO, and can do nothing then', async (t) => {
  const { result, lines } = await open(t, { answer: answers({ EHLO: '502 5.5.1 what?' }) });
  assert.deepEqual([result, lines], ['open', ['CONNECT', 'EHLO h.example', 'HELO h.example']]);
});

test('a host that breaks off at EHLO is called again and asked with HELO', async (t) => {
  for (const EHLO of ['drop', '500 5.5.1 what?']) {
    const answer: Script['answer'] = (line, connection) =>
      line.startsWith('HELO') && connection === 1 ? 'drop' : answers({ EHLO })(line, connection);
    const { result, lines } = await open(t, { answer });
    assert.equal(result, 'open', EHLO);
    assert.deepEqual(lines.slice(-2), ['CONNECT', 'HELO h.example']);
  }
});

test('EHLO that is refused for now is not asked again, nor is a greeting', async (t) => {
  const table: [answers: Record<string, string>, want: string, lines: string][] = [
    [{ EHLO: '451 4.7.1 later' }, '451 4.7.1 later', 'CONNECT EHLO QUIT'],
    [{ EHLO: '500 5.5.1 no', HELO: '554 5.7.1 go away' }, '554 5.7.1 go away', 'CONNECT EHLO HELO QUIT'],
    [{ CONNECT: '421 4.3.2 full' }, '421 4.3.2 full', 'CONNECT QUIT'],
    [{ CONNECT: '554 5.7.1 listed' }, '554 5.7.1 listed', 'CONNECT QUIT'],
  ];
  for (const [given, want, lines] of table) {
    const opened = await open(t, { answer: answers(given) });
    assert.equal(opened.result, want);
    assert.equal(opened.isOurs, false);
    await t.waitFor(() => assert.equal(opened.lines.map((line) => line.split(' ')[0]).join(' '), lines));
  }
});

test('what speaks no SMTP, or nothing, is no host', async (t) => {
  assert.match((await open(t, { answer: answers({ CONNECT: 'SSH-2.0-x' }) })).result, /does not speak SMTP/);
  const parts = { timeouts: { ...defaultTimeouts, command: 50 } };
  const silent: Script = { answer: answers({ CONNECT: '220-wait' }) };
  assert.match((await open(t, silent, 'smtp://127.0.0.1', parts)).result, /did not answer in time/);
});

test('LMTP begins with LHLO, knows no HELO, and does not chunk', async (t) => {
  const lmtp = answers({ LHLO: ehlo('PIPELINING', 'CHUNKING') });
  const { result, lines } = await open(t, { answer: lmtp }, 'lmtp://127.0.0.1');
  assert.deepEqual([result, lines], ['open pipelining', ['CONNECT', 'LHLO h.example']]);
  const refused = await open(t, { answer: answers({ LHLO: '500 5.5.1 this is SMTP' }) }, 'lmtp://127.0.0.1');
  assert.equal(refused.result, '500 5.5.1 this is SMTP');
  assert.ok(!refused.lines.some((line) => line.startsWith('HELO')));
});

test('LMTP over the path of a socket', async (t) => {
  const path = join(await temporaryDirectory(t), 'lmtp');
  const { result } = await open(t, { answer: answers({ LHLO: ehlo('PIPELINING') }), path }, `lmtp:${path}`);
  assert.equal(result, 'open pipelining');
});

const tlsAnswer = answers({ EHLO: ehlo('STARTTLS', 'PIPELINING'), STARTTLS: '220 2.0.0 go' });
const broken: Certificate = { key: '', cert: '' };

test('opportunistic TLS is taken where it is offered, and left where it fails', { skip }, async (t) => {
  const certificate = await makeCertificate(t, 'DNS:elsewhere.example');
  const secured = await open(t, { answer: tlsAnswer, certificate });
  assert.deepEqual(secured.lines, ['CONNECT', 'EHLO h.example', 'STARTTLS', 'TLS', 'EHLO h.example']);
  const failing = await open(t, { answer: tlsAnswer, certificate: broken });
  assert.deepEqual(failing.lines, ['CONNECT', 'EHLO h.example', 'STARTTLS', 'CONNECT', 'EHLO h.example']);
  assert.equal(failing.result, 'open pipelining');
  const refusing = await open(t, { answer: answers({ EHLO: ehlo('STARTTLS'), STARTTLS: '454 4.7.0 not now' }) });
  assert.deepEqual(refusing.lines, ['CONNECT', 'EHLO h.example', 'STARTTLS']);
  assert.deepEqual([refusing.result, refusing.logged], ['open', []]);
});

test('what a host failed with is left out the next time, for an hour', { skip }, async (t) => {
  const clock = new HandClock();
  const faults = new HostFaults(clock);
  const table: [script: Script, again: string[]][] = [
    [{ answer: tlsAnswer, certificate: broken }, ['CONNECT', 'EHLO h.example']],
    [{ answer: answers({ EHLO: 'drop' }) }, ['CONNECT', 'HELO h.example']],
  ];
  for (const [script, again] of table) {
    const connectionsOf = async (): Promise<number> =>
      (await open(t, script, 'smtp://127.0.0.1', { faults })).lines.filter((line) => line === 'CONNECT').length;
    assert.equal(await connectionsOf(), 2);
    assert.deepEqual((await open(t, script, 'smtp://127.0.0.1', { faults })).lines, again);
    clock.move(3_600_000);
    assert.equal(await connectionsOf(), 2);
    clock.move(3_600_000);
  }
});

test('without TLS wanted none is begun', async (t) => {
  const { lines } = await open(t, { answer: tlsAnswer }, 'smtp://127.0.0.1?tls=none');
  assert.deepEqual(lines, ['CONNECT', 'EHLO h.example']);
});

test('what came before the handshake is not heard after it', { skip }, async (t) => {
  const certificate = await makeCertificate(t, 'DNS:elsewhere.example');
  const EHLO = ehlo('STARTTLS', 'PIPELINING');
  const injected = `220 2.0.0 go\r\n${ehlo('SMTPUTF8', 'CHUNKING')}`;
  const { result } = await open(t, { answer: answers({ EHLO, STARTTLS: injected }), certificate }, 'smtp://127.0.0.1');
  assert.equal(result, 'open pipelining');
});

test('required TLS never falls back, and what it refuses is temporary and our own fault', { skip }, async (t) => {
  const certificate = await makeCertificate(t, 'IP:127.0.0.1');
  const required = 'smtp://127.0.0.1?tls=required';
  assert.equal((await open(t, { answer: tlsAnswer, certificate }, required)).result, 'open pipelining');
  const table: [script: Script, want: RegExp][] = [
    [{ answer: tlsAnswer, certificate: broken }, /^451 4\.7\.5 TLS required/],
    [{ answer: answers({}) }, /^451 4\.7\.4 TLS required/],
    [{ answer: answers({ EHLO: '502 5.5.1 what?' }) }, /^451 4\.7\.4 TLS required/],
    [{ answer: answers({ EHLO: ehlo('STARTTLS'), STARTTLS: '454 4.7.0 not now' }) }, /^451 4\.7\.4 TLS required/],
    [{ answer: answers({ EHLO: ehlo('STARTTLS'), STARTTLS: 'drop' }) }, /closed/],
    [{ answer: answers({ EHLO: 'drop' }) }, /closed/],
  ];
  for (const [script, want] of table) {
    const { result, isOurs, logged, lines } = await open(t, script, required);
    assert.match(result, want);
    assert.equal(lines.filter((line) => line === 'CONNECT').length, 1, 'called once');
    assert.deepEqual([isOurs, logged.length], want.source.startsWith('^451') ? [true, 1] : [false, 0], result);
  }
});

test('verified TLS wants a certificate that is trusted and names the host', { skip }, async (t) => {
  const right = await makeCertificate(t, 'IP:127.0.0.1');
  const other = await makeCertificate(t, 'DNS:elsewhere.example');
  const verified = 'smtp://127.0.0.1?tls=verified';
  const table: [certificate: Certificate, authorities: string | undefined, want: RegExp][] = [
    [right, right.cert, /^open/],
    [right, undefined, /^451 4\.7\.5 .*self-signed/],
    [other, other.cert, /^451 4\.7\.5 .*does not match|^451 4\.7\.5 .*not in the cert/],
  ];
  for (const [certificate, authorities, want] of table) {
    const parts = authorities === undefined ? {} : { authorities };
    const { result } = await open(t, { answer: tlsAnswer, certificate }, verified, parts);
    assert.match(result, want);
  }
});

test('implicit TLS speaks it from the first octet', { skip }, async (t) => {
  const certificate = await makeCertificate(t, 'IP:127.0.0.1');
  const script: Script = { answer: answers({ EHLO: ehlo('STARTTLS') }), certificate, isImplicit: true };
  assert.deepEqual((await open(t, script, 'smtps://127.0.0.1')).lines, ['TLS', 'CONNECT', 'EHLO h.example']);
  assert.match((await open(t, { answer: tlsAnswer }, 'smtps://127.0.0.1')).result, /^451 4\.7\.5 TLS required/);
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const challenge = '<1896.697170952@postoffice.example.net>';

const logins: readonly [auth: string, options: string, answers: Record<string, string>, said: string[]][] = [
  ['PLAIN LOGIN', '', {}, [`AUTH PLAIN ${base64('\0me\0sesame')}`]],
  [
    'LOGIN',
    '',
    { AUTH: '334 VXNlcm5hbWU6', [base64('me')]: '334 UGFzc3dvcmQ6' },
    ['AUTH LOGIN', base64('me'), base64('sesame')],
  ],
  [
    'CRAM-MD5',
    '',
    { AUTH: `334 ${base64(challenge)}` },
    ['AUTH CRAM-MD5', base64(`me ${createHmac('md5', 'sesame').update(challenge).digest('hex')}`)],
  ],
  ['PLAIN XOAUTH2', '&auth=xoauth2', {}, [`AUTH XOAUTH2 ${base64('user=me\x01auth=Bearer sesame\x01\x01')}`]],
];

for (const [auth, options, table, said] of logins) {
  test(`a smarthost that offers ${auth}${options} is logged in to`, async (t) => {
    const last = said.at(-1)!;
    const usual = answers({ ...table, EHLO: ehlo(`AUTH ${auth}`) });
    const answer: Script['answer'] = (line, connection) =>
      line === last ? '235 2.7.0 welcome' : usual(line, connection);
    const { result, lines } = await open(t, { answer }, `smtp://127.0.0.1?user=me&clear=yes${options}`);
    assert.equal(result, 'open');
    assert.deepEqual(lines.slice(2), said);
  });
}

test('a login that is refused is temporary, our own fault, and told in the log without the password', async (t) => {
  const table: [answers: Record<string, string>, parts: Partial<SetupParts>, want: RegExp][] = [
    [{ AUTH: '535 5.7.8 bad credentials' }, {}, /^451 4\.7\.8 authentication by PLAIN was refused: 535 5\.7\.8/],
    [{ AUTH: '334 ' }, {}, /^451 4\.7\.8 .*: 334/],
    [{ EHLO: ehlo('AUTH GSSAPI') }, {}, /^451 4\.7\.4 /],
    [{ EHLO: ehlo() }, {}, /^451 4\.7\.4 /],
    [
      {},
      { secretOf: async () => failed(permanent('5.7.0', 'secrets/x is missing')) },
      /^451 4\.7\.0 authentication: secrets\/x is missing/,
    ],
  ];
  for (const [given, parts, want] of table) {
    const answer = answers({ EHLO: ehlo('AUTH PLAIN'), ...given });
    const { result, isOurs, logged } = await open(t, { answer }, 'smtp://127.0.0.1?user=me&clear=yes', parts);
    assert.match(result, want);
    assert.equal(isOurs, true);
    assert.match(logged.join(), /^route\.trouble 451 4\.7\./);
    assert.ok(!logged.join().includes('sesame') && !logged.join().includes(base64('\0me\0sesame')));
  }
});

test('a password is not said without TLS unless the route allows it', { skip }, async (t) => {
  const certificate = await makeCertificate(t, 'IP:127.0.0.1');
  const answer = answers({ EHLO: ehlo('STARTTLS', 'AUTH PLAIN'), STARTTLS: '220 2.0.0 go', AUTH: '235 2.7.0 welcome' });
  const route = 'smtp://127.0.0.1?user=me&tls=required';
  const secured = await open(t, { answer, certificate }, route);
  assert.equal(secured.lines.at(-1), `AUTH PLAIN ${base64('\0me\0sesame')}`);
  const bare = await open(t, { answer, certificate: broken }, route);
  assert.ok(!bare.lines.some((line) => line.startsWith('AUTH')));
});

test('a connection comes from the address that was chosen, where it is of the same family', async (t) => {
  const seen: (string | undefined)[] = [];
  const dialer: SetupParts['dialer'] = async (address, port, timeoutMs, localAddress) => {
    const socket = await netDialer(address, port, timeoutMs, localAddress);
    seen.push(socket.localAddress);
    return socket;
  };
  for (const localAddress of ['127.0.0.7', '::1']) {
    assert.equal((await open(t, { answer: answers({}) }, undefined, { dialer, localAddress })).result, 'open');
  }
  assert.deepEqual(seen, ['127.0.0.7', '127.0.0.1']);
});
