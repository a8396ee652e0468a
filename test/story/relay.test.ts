import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { simpleParser } from 'mailparser';
import type { List } from '../../src/list/list.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { makeCertificate, opensslIsAbsent } from '../helpers/certificate.ts';
import { listDomain, type Station, startStation, stationList } from '../helpers/daemon.ts';
import { dovecotIsAbsent, startDovecot } from '../helpers/dovecot.ts';
import { letter } from '../helpers/letter.ts';
import { freePort } from '../helpers/postfix.ts';
import { startRelay } from '../helpers/relay.ts';
import { transact } from '../helpers/smtp-client.ts';
import { until } from '../helpers/until.ts';

const ann = 'ann@people.example';
const ben = 'ben@people.example';
const nobody = 'nobody@people.example';
const news = `news@${listDomain}`;

async function listOf(station: Station, people: readonly string[]): Promise<List> {
  const list = await stationList(station.daemon, 'news');
  const addresses = people.map((one) => parseAddress(one)!);
  await list.store.add('subscriber', addresses, { id: 'test', tag: 'manual', at: Date.now() });
  return list;
}

async function post(station: Station, text = 'hello'): Promise<void> {
  const message = `${letter(ann, news, 'a post')}${text}\r\n`;
  const { end } = await transact(station.daemon.smtpPort, { from: ann, to: news, message });
  assert.match(end[0] ?? '', /^250 /);
}

async function passwordFile({ directory }: Station, name: string, password: string, mode = 0o600): Promise<void> {
  await mkdir(join(directory, 'secrets'), { recursive: true });
  await writeFile(join(directory, 'secrets', name), `${password}\n`);
  await chmod(join(directory, 'secrets', name), mode);
}

async function relayed(t: TestContext, methods: string[], isImplicit: boolean): Promise<void> {
  const certificate = await makeCertificate(t, 'IP:127.0.0.1');
  const relay = await startRelay(t, { certificate, methods, password: 'sesame', isImplicit });
  const scheme = isImplicit ? 'smtps' : 'smtp';
  const route = `${scheme}://127.0.0.1:${relay.port}?tls=required&user=me&password=relay`;
  const station = await startStation(t, { routes: { '*': route } });
  await passwordFile(station, 'relay', 'sesame');
  await listOf(station, [ann, ben]);
  await post(station);
  await until('both copies', () => relay.taken.length === 2);
  assert.deepEqual(
    relay.taken
      .map(({ user, method, isSecure, recipient }) => ({ user, method, isSecure, recipient }))
      .toSorted((a, b) => (a.recipient < b.recipient ? -1 : 1)),
    [ann, ben].map((recipient) => ({ user: 'me', method: methods[0]!, isSecure: true, recipient })),
  );
}

const logins: readonly [method: string, isImplicit: boolean][] = [
  ['PLAIN', false],
  ['LOGIN', true],
  ['CRAM-MD5', false],
];

for (const [method, isImplicit] of logins) {
  const how = isImplicit ? 'implicit TLS' : 'STARTTLS';
  test(`a smarthost takes a post after a login by ${method} under ${how}`, { skip: opensslIsAbsent() }, (t) =>
    relayed(t, [method], isImplicit),
  );
}

test(
  'hundreds of copies go under TLS over few connections, each whole and to its own recipient',
  { skip: opensslIsAbsent() },
  async (t) => {
    const certificate = await makeCertificate(t, 'IP:127.0.0.1');
    const relay = await startRelay(t, { certificate, methods: ['PLAIN'], password: 'sesame' });
    const route = `smtp://127.0.0.1:${relay.port}?tls=required&user=me`;
    const station = await startStation(t, { routes: { '*': route } });
    await passwordFile(station, '127.0.0.1', 'sesame');
    const people = Array.from({ length: 300 }, (_, at) => `member${at}@people.example`);
    await listOf(station, [ann, ...people]);
    await post(station, 'x'.repeat(70).concat('\r\n').repeat(300));
    await until('all copies', () => relay.taken.length > people.length);
    assert.deepEqual(relay.taken.map(({ recipient }) => recipient).toSorted(), [ann, ...people].toSorted());
    assert.equal(new Set(relay.taken.map(({ octets }) => octets)).size, 1);
  },
);

test(
  'a wrong password holds the mail back, and the log says so without the password',
  { skip: opensslIsAbsent() },
  async (t) => {
    const certificate = await makeCertificate(t, 'IP:127.0.0.1');
    const relay = await startRelay(t, { certificate, methods: ['PLAIN'], password: 'sesame' });
    const route = `smtp://127.0.0.1:${relay.port}?tls=required&user=me&password=relay`;
    const station = await startStation(t, { routes: { '*': route } });
    await passwordFile(station, 'relay', 'wrong-word');
    await listOf(station, [ann]);
    await post(station);
    const trouble = await until('the trouble', () => station.logged.find(({ event }) => event === 'route.trouble'));
    assert.match(String(trouble.fields['reason']), /^451 4\.7\.8 authentication by PLAIN was refused: 535 /);
    assert.ok(!JSON.stringify(station.logged).includes('wrong-word'));
    assert.deepEqual(relay.taken, []);
    assert.ok(!station.logged.some(({ event }) => event === 'delivery.failed'));
  },
);

for (const kind of ['socket', 'port'] as const) {
  test(
    `Dovecot takes a post by LMTP at a ${kind}, and refuses whom it does not know`,
    { skip: dovecotIsAbsent() },
    async (t) => {
      const dovecot = await startDovecot(t, await freePort(), [ann, ben]);
      const route = kind === 'socket' ? `lmtp:${dovecot.socket}` : `lmtp://127.0.0.1:${dovecot.port}`;
      const station = await startStation(t, { routes: { 'people.example': route } });
      await listOf(station, [ann, ben, nobody]);
      await post(station, '.hidden dot\r\n.\r\nend: Grüße');
      for (const who of [ann, ben]) {
        const inbox = join(dovecot.maildir(who), 'new');
        const [name] = await until(`mail for ${who}`, async () => {
          const names = await readdir(inbox).catch(() => []);
          return names.length > 0 && names;
        });
        const { text } = await simpleParser(await readFile(join(inbox, name!)));
        assert.match(text!, /\.hidden dot\n\.\nend: Grüße/);
      }
      const failure = await until('the refusal', () =>
        station.logged.find(({ event, fields }) => event === 'delivery.failed' && fields['recipient'] === nobody),
      );
      assert.match(String(failure.fields['reply']), /^550 5\.1\.1 /);
    },
  );
}
