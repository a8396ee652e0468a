import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import test from 'node:test';
import { answerRequest, type ControlParts, parseRequest } from '../src/control.ts';
import type { LaneChange } from '../src/lane-report.ts';
import { laneReport } from './helpers/lanes.ts';
import { homePaths } from '../src/home.ts';
import { startStation } from './helpers/daemon.ts';

const changes: [string, LaneChange][] = [];
const parts: ControlParts = {
  lanes: {
    lanes: async () => [laneReport({ lane: 'mx.example.net:25', connections: 3 }), laneReport({ lane: 'b:25' })],
    setLane: async (lane, change) => {
      changes.push([lane, change]);
      return lane === 'mx.example.net:25';
    },
    putBack: async () => {},
    goOn: async () => {},
    outcomes: async () => [],
  },
  status: () => ({ pid: 7, startedAt: 1_000, listening: ['SMTP on 127.0.0.1:25'] }),
};

test('requests are read, and what is none is not', () => {
  const table: [line: string, request: unknown][] = [
    ['{"ask":"status"}', { ask: 'status' }],
    ['{"ask":"lanes","more":1}', { ask: 'lanes' }],
    ['{"ask":"setLane","lane":"b:25","paused":true}', { ask: 'setLane', lane: 'b:25', paused: true }],
    ['{"ask":"setLane","lane":"b:25","factor":0.5}', { ask: 'setLane', lane: 'b:25', factor: 0.5 }],
    ['{"ask":"setLane","lane":"b:25","factor":0}', undefined],
    ['{"ask":"setLane","lane":"b:25","factor":1.5}', undefined],
    ['{"ask":"setLane","lane":"","factor":1}', undefined],
    ['{"ask":"setLane","lane":"b:25","paused":"yes"}', undefined],
    [`{"ask":"setLane","lane":"${'x'.repeat(1_001)}"}`, undefined],
    ['{"ask":"putBack","list":"news@lists.example.org"}', { ask: 'putBack', list: 'news@lists.example.org' }],
    ['{"ask":"goOn","list":"news@lists.example.org"}', { ask: 'goOn', list: 'news@lists.example.org' }],
    ['{"ask":"goOn"}', undefined],
    ['{"ask":"putBack","list":""}', undefined],
    ['{"ask":"putBack"}', undefined],
    ['{"ask":"__proto__"}', undefined],
    ['{"ask":"toString"}', undefined],
    ['[]', undefined],
    ['null', undefined],
    ['7', undefined],
    ['{"ask":', undefined],
    ['wake', undefined],
  ];
  for (const [line, request] of table) assert.deepEqual(parseRequest(line), request, line);
});

test('status sums up the lanes, and a lane is changed by its name', async () => {
  assert.deepEqual(JSON.parse(await answerRequest('{"ask":"status"}', parts)), {
    answer: { pid: 7, startedAt: 1_000, listening: ['SMTP on 127.0.0.1:25'], lanes: 2, connections: 3 },
  });
  assert.equal(
    await answerRequest('{"ask":"setLane","lane":"mx.example.net:25","paused":true}', parts),
    '{"answer":true}',
  );
  assert.equal(await answerRequest('{"ask":"setLane","lane":"c:25","factor":0.1}', parts), '{"answer":false}');
  assert.equal(await answerRequest('{"ask":"goOn","list":"news@lists.example.org"}', parts), '{"answer":true}');
  assert.equal(await answerRequest('{"ask":"putBack","list":"news@lists.example.org"}', parts), '{"answer":true}');
  assert.deepEqual(changes, [
    ['mx.example.net:25', { paused: true }],
    ['c:25', { factor: 0.1 }],
  ]);
});

test('what cannot be answered is said, in one line', async () => {
  assert.match(await answerRequest('hello', parts), /^\{"problem":"[^\n]*"\}$/);
  const broken = { ...parts, lanes: { ...parts.lanes, lanes: () => Promise.reject(new Error('a\nb')) } };
  assert.match(await answerRequest('{"ask":"lanes"}', broken), /^\{"problem":"[^\n]*"\}$/);
});

test('whatever is said at the socket of a daemon, it answers in one line and goes on', async (t) => {
  const { daemon, directory } = await startStation(t);
  const say = async (what: string | Buffer): Promise<string> => {
    const socket = connect(homePaths(directory).socket).on('error', () => {});
    let heard = '';
    socket.setEncoding('utf8').on('data', (text: string) => (heard += text));
    socket.write(what);
    await once(socket, 'close');
    return heard;
  };
  const nonsense: (string | Buffer)[] = [
    '{"ask":\n',
    '[]\n',
    'GET / HTTP/1.1\r\n\r\n',
    Buffer.from([0xff, 0xfe, 0, 10]),
    'x'.repeat(1_000_000),
    `{"ask":"setLane","lane":"${'['.repeat(4_000_000)}`,
    `${'['.repeat(8_000)}\n`,
  ];
  for (const what of nonsense) {
    const heard = await say(what);
    // Who is cut off in the middle of a line may not come to hear why.
    assert.ok(heard === '' || /^\{"problem":"[^"]*"\}\n$/.test(heard), heard.slice(0, 200));
  }
  assert.match(await say('{"ask":"status"}\n'), /^\{"answer":\{.*"pid":\d+/);
  assert.deepEqual(await daemon.lanes.lanes(), []);
});
