import assert from 'node:assert/strict';
import test from 'node:test';
import { laneReport } from '../helpers/lanes.ts';
import { answerAt } from './test-daemon.ts';
import { ezlm, homeWithList, news, queuePost } from './test-door.ts';

const reports = [
  laneReport({
    lane: 'mx1.example.net mx2.example.net:25',
    connections: 2,
    waiting: 40,
    rate: 20,
    lastReply: '450 4.2.1 later',
  }),
  laneReport({ lane: 'mx.example.com:25', paused: true }),
  laneReport({ lane: 'mx.example.com:2525', factor: 0.1, lastReply: '421 \u001b[2J\r\nbusy' }),
];

test('lanes are listed with their state, and no reply reaches the terminal raw', async (t) => {
  const home = await homeWithList(t);
  await answerAt(t, home, reports);
  const { code, output } = await ezlm(home, ['lane']);
  assert.equal(code, 0);
  const [heading, first, second, third] = output.split('\n');
  assert.match(heading!, /^LANE +STATE +RATE/);
  assert.match(first!, /^mx1\.example\.net mx2\.example… +busy +20\/s +2 +40 +0 +0 +0 +2s +450 4\.2\.1 later$/);
  assert.match(second!, / paused /);
  assert.match(third!, / slow 10% .* 421 \\u001b\[2J\\r\\nbusy$/);
  const one = await ezlm(home, ['lane', 'list', 'mx2.example.net', '--json']);
  assert.deepEqual(JSON.parse(one.output), JSON.parse(JSON.stringify(reports[0])));
});

test('a lane is paused, resumed and slowed by its name or one of its hosts', async (t) => {
  const home = await homeWithList(t);
  const seen = await answerAt(t, home, reports);
  const long = 'mx1.example.net mx2.example.net:25';
  const table: [words: string[], code: number, talk: RegExp][] = [
    [['pause', 'mx1.example.net'], 0, /^mx1\.example\.net mx2\.example\.net:25 paused\n$/],
    [['resume', 'mx2.example.net:25'], 0, /resumed/],
    [['slow', long, '--to', '10%'], 0, /slowed/],
    [['slow', 'mx.example.com:2525', '--to', '100'], 0, /slowed/],
    [['pause', 'mx.example.com'], 64, /stands in 2 lanes: "mx\.example\.com:25", "mx\.example\.com:2525"/],
    [['resume', 'elsewhere.example:25'], 66, /there is no lane "elsewhere\.example:25" now/],
    [['pause', 'Elsewhere.Example', '--dry-run'], 0, /^elsewhere\.example would be paused; nothing was changed/],
    [['pause', 'mx1.example.net', '--dry-run'], 0, /would be paused; nothing was changed/],
    [['pause'], 64, /LANE is missing/],
    [['slow', long], 64, /--to must be a share/],
    [['slow', long, '--to', '0'], 64, /--to must be a share/],
    [['slow', long, '--to', '200%'], 64, /--to must be a share/],
    [['pause', long, '--to', '10%'], 64, /--to belongs to slow/],
    [['list', 'elsewhere.example'], 66, /there is no lane/],
  ];
  for (const [words, code, talk] of table) {
    const ran = await ezlm(home, ['lane', ...words]);
    assert.equal(ran.code, code, words.join(' '));
    assert.match(ran.talk, talk);
  }
  assert.deepEqual(seen.changes, [
    [long, { paused: true }],
    [long, { paused: false, factor: 1 }],
    [long, { factor: 0.1 }],
    ['mx.example.com:2525', { factor: 1 }],
    ['elsewhere.example:25', { paused: false, factor: 1 }],
  ]);
});

test('names come from standard input too, and each that is wrong is told', async (t) => {
  const home = await homeWithList(t);
  const seen = await answerAt(t, home, reports);
  const ran = await ezlm(home, ['lane', 'pause', '-'], 'mx1.example.net\nnowhere\n\nmx.example.com:25\n');
  assert.equal(ran.code, 66);
  assert.equal(seen.changes.length, 3);
  assert.match(ran.talk, /there is no lane "nowhere" now/);
});

test('a list is paused and resumed by its posts, without a daemon too', async (t) => {
  const home = await homeWithList(t);
  const id = await queuePost(home);
  const state = async (): Promise<unknown> =>
    (JSON.parse((await ezlm(home, ['queue', 'show', id, '--json'])).output) as { state: string }).state;
  assert.equal(
    (await ezlm(home, ['lane', 'pause', news, '--dry-run'])).talk,
    `1 post of ${news} would be paused; nothing was changed\n`,
  );
  assert.equal(await state(), 'ready');
  assert.equal((await ezlm(home, ['lane', 'pause', news])).talk, `1 post of ${news} paused\n`);
  assert.equal(await state(), 'held');
  assert.equal(
    (await ezlm(home, ['lane', 'resume', news, '--json'])).output,
    `{"list":"${news}","action":"resume","posts":1,"dryRun":false}\n`,
  );
  assert.equal(await state(), 'ready');
  const slow = await ezlm(home, ['lane', 'slow', news, '--to', '50%']);
  assert.equal(slow.code, 69);
});

test('without a daemon there are no lanes, and it says what to do', async (t) => {
  const home = await homeWithList(t);
  const { code, talk } = await ezlm(home, ['lane']);
  assert.equal(code, 69);
  assert.match(talk, /no daemon answers for .*\n +start it with "ezlm serve"/);
});
