import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { keyRecord } from '../../src/mail/dkim.ts';
import { readKeys } from '../../src/domain/signing-keys.ts';
import { runCommandLine } from '../../src/cli/run.ts';
import { ezlm, homeWithList, keepingDoor, news, type Ran } from './test-door.ts';

/** Runs `check` where DNS has these records; undefined: the name server does not answer. */
async function checkWith(home: string, records: (name: string) => readonly string[] | undefined): Promise<Ran> {
  const { door, kept } = keepingDoor(home);
  const code = await runCommandLine(
    ['check'],
    {
      ...door,
      dnsTexts: async (name) => {
        const found = records(name);
        if (!found) return { kind: 'trouble', cause: 'no answer' };
        return found.length === 0 ? { kind: 'missing' } : { kind: 'found', records: found };
      },
    },
    '1.2.3',
  );
  return { code, ...kept };
}

test('a home as it was made has no problem', async (t) => {
  const home = await homeWithList(t);
  const ran = await checkWith(home, () => undefined);
  assert.deepEqual(
    { ...ran, talk: ran.talk.split('\n').at(-2) },
    {
      code: 0,
      output: '',
      talk: 'no problem found in ezlm.json and 1 list',
    },
  );
  assert.equal((await ezlm(home, ['check', news])).code, 0);
});

test('three mistakes in list.json are all reported with their lines', async (t) => {
  const home = await homeWithList(t);
  const file = join(home, 'lists/lists.example.org/news/list.json');
  await writeFile(file, '{\n  "titel": "News",\n  "posting": "friends",\n  // fine\n  "bytesMost": 12,\n}\n');
  const ran = await ezlm(home, ['check', news]);
  assert.equal(ran.code, 78);
  assert.deepEqual(ran.output.trim().split('\n'), [
    `${file}:2: titel: there is no such setting; the nearest is "title"`,
    `${file}:3: posting: must be one of everybody, subscribers, owner, nobody`,
    `${file}:5: bytesMost: must be a whole number from 1024 to 1073741824 (octets)`,
  ]);
  const [first] = (await ezlm(home, ['check', '--json'])).output.split('\n');
  assert.deepEqual(JSON.parse(first!), {
    file,
    line: 2,
    text: 'titel: there is no such setting; the nearest is "title"',
  });
});

test('mistakes in ezlm.json are reported, each alone and together', async (t) => {
  const home = await homeWithList(t);
  const file = join(home, 'ezlm.json');
  await writeFile(file, '{\n"domains": ["lists.example.org"],\n"smtp": ["25"],\n"tlsKey": "key.pem"\n}');
  const ran = await ezlm(home, ['check']);
  assert.equal(ran.code, 78);
  assert.match(ran.output, /ezlm\.json:3: smtp: .*HOST:PORT/);
  assert.match(ran.output, /ezlm\.json: tlsCertificate and tlsKey: need each other/);
  const list = await ezlm(home, ['list', news]);
  assert.equal(list.code, 78);
  assert.match(list.talk, /ezlm\.json:3: smtp/);
});

test('a key that others may read, and a damaged database, are found', async (t) => {
  const home = await homeWithList(t);
  const directory = join(home, 'lists/lists.example.org/news');
  await chmod(join(directory, 'key'), 0o644);
  await writeFile(
    join(directory, 'list.db'),
    'this is no database, whatever its name says, and it is long enough to be looked at',
  );
  const ran = await ezlm(home, ['check']);
  assert.equal(ran.code, 78);
  assert.match(ran.output, /key: may be read by others/);
  assert.match(ran.output, /list\.db: the database is damaged/);
});

test('the password of a route that is missing, or open to others, is found', async (t) => {
  const home = await homeWithList(t);
  const route = 'smtp://smtp.example.net:587?user=me';
  await writeFile(join(home, 'ezlm.json'), JSON.stringify({ domains: ['lists.example.org'], routes: { '*': route } }));
  const file = join(home, 'secrets', 'smtp.example.net');
  assert.equal((await ezlm(home, ['check'])).output, `${file}: the password of a route cannot be read (ENOENT)\n`);
  await mkdir(join(home, 'secrets'));
  await writeFile(file, 'sesame\n');
  await chmod(file, 0o644);
  assert.match((await ezlm(home, ['check'])).output, /open to others than its owner/);
  await chmod(file, 0o600);
  assert.equal((await ezlm(home, ['check'])).code, 0);
});

test('keys are compared with what DNS publishes of them', async (t) => {
  const home = await homeWithList(t);
  const keys = await readKeys(join(home, 'keys'), 'lists.example.org');
  const records = new Map(
    [...keys.current, ...keys.spare].map((key) => [`${key.selector}._domainkey.${key.domain}`, keyRecord(key)]),
  );
  const [signs, spare] = [...records.keys()] as [string, string];
  const published = (name: string): string[] => [records.get(name)!];
  assert.equal((await checkWith(home, published)).code, 0);
  const folded = (name: string): string[] => [records.get(name)!.replace('p=', ' p = ').replace(/.{70}/g, '$& ')];
  assert.equal((await checkWith(home, folded)).code, 0);

  const table: [string, (name: string) => string[] | undefined, RegExp][] = [
    ['nothing', () => [], /_domainkey\.lists\.example\.org is not in DNS/],
    ['the record of the other', () => [records.get(spare)!], /a\.pem: .*has another key in DNS/],
    ['none of ours', () => ['v=spf1 -all'], /has another key/],
    ['a revoked one', () => ['v=DKIM1; p='], /is revoked/],
    ['two', (name) => [records.get(name)!, 'v=DKIM1; p=AAAA'], /has several records/],
  ];
  for (const [what, answer, wanted] of table) {
    const ran = await checkWith(home, (name) => (name === signs ? answer(name) : published(name)));
    assert.equal(ran.code, 78, what);
    assert.match(ran.output, wanted, what);
    assert.equal(ran.output.split('\n').length, 2, what);
  }
});

test('a name server that does not answer is mentioned, and nothing more', async (t) => {
  const home = await homeWithList(t);
  const ran = await checkWith(home, () => undefined);
  assert.equal(ran.code, 0);
  assert.equal(ran.talk.match(/could not be looked up \(no answer\)/g)?.length, 2);
});

test('a signing key that others may read, and a file that is no key, are found', async (t) => {
  const home = await homeWithList(t);
  const own = join(home, 'keys/lists.example.org');
  const { current } = await readKeys(join(home, 'keys'), 'lists.example.org');
  await chmod(join(own, `${current[0]!.selector}.pem`), 0o640);
  await writeFile(join(own, 'spare', 'mine.pem'), 'no key', { mode: 0o600 });
  const ran = await ezlm(home, ['check']);
  assert.equal(ran.code, 78);
  assert.match(ran.output, /a\.pem: may be read by others, who can then sign/);
  assert.match(ran.output, /mine\.pem: .*neither RSA/);
});
