import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { ezlm, homeWithList, news } from './test-door.ts';

test('a home as it was made has no problem', async (t) => {
  const home = await homeWithList(t);
  assert.deepEqual(await ezlm(home, ['check']), {
    code: 0,
    output: '',
    talk: 'no problem found in ezlm.json and 1 list\n',
  });
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
