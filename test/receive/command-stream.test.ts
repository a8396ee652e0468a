import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { CommandStream } from '../../src/receive/command-stream.ts';

interface Heard {
  readonly stream: CommandStream;
  readonly said: string[];
  /** Ends the command that is being carried out. */
  next: () => void;
}

/** A stream whose commands end at once, unless `isSlow`; `DATA` begins a message. */
function listen(isSlow = false): Heard {
  const said: string[] = [];
  const stream = new CommandStream(100, () => said.push('|'));
  const heard: Heard = { stream, said, next: () => {} };
  stream.oncommand = (command, next = () => {}) => {
    said.push(command.toString());
    if (command.toString() === 'DATA') begin(heard);
    if (isSlow) heard.next = next;
    else next();
  };
  return heard;
}

function begin({ stream, said }: Heard): void {
  let text = '';
  stream.startMessage({ take: (octets) => (text += octets.toString()) }, () => {
    said.push(`message ${JSON.stringify(text)}`);
    setImmediate(() => stream.afterMessage(() => said.push('answered')));
  });
}

const words = ({ said }: Heard): string[] => said.filter((one) => one !== '|');

test('lines end in LF or CRLF, and all that came together is answered together', () => {
  const heard = listen();
  heard.stream.write(Buffer.from('A\r\nB\nC\r\r\n'));
  assert.deepEqual(heard.said, ['A', 'B', 'C\r', '|']);
  heard.stream.write(Buffer.from('D'));
  heard.stream.write(Buffer.from('E\r'));
  heard.stream.write(Buffer.from('\n'));
  assert.deepEqual(words(heard), ['A', 'B', 'C\r', 'DE']);
});

test('what is kept of a write is a copy: the octets may be used for the next', () => {
  const heard = listen();
  const shared = Buffer.from('A\r\nhalf of a com');
  heard.stream.write(shared);
  shared.fill('z');
  heard.stream.write(Buffer.from('mand\r\n'));
  assert.deepEqual(words(heard), ['A', 'half of a command']);
});

test('a command waits for the one before it, and a client that sends too much meanwhile is not read', async () => {
  const heard = listen(true);
  assert.ok(heard.stream.write(Buffer.from('A\r\nB\r\n')));
  assert.deepEqual(words(heard), ['A']);
  assert.ok(!heard.stream.write(Buffer.from('NOOP\r\n'.repeat(4_000))));
  heard.next();
  assert.deepEqual(words(heard), ['A', 'B']);
  const drained = once(heard.stream, 'drain');
  for (let at = 0; at < 4_100; at++) {
    heard.next();
    if (at % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await drained;
  assert.equal(words(heard).length, 4_002);
});

test('what follows a message waits until it is answered', async () => {
  const heard = listen();
  heard.stream.write(Buffer.from('DATA\r\nx\r\n..y\r\n.\r\nQUIT\r\n'));
  assert.deepEqual(words(heard), ['DATA', 'message "x\\r\\n.y\\r\\n"']);
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  assert.deepEqual(words(heard).slice(2), ['answered', 'QUIT']);
});

test('a line that is too long is an error, whole or not, and nothing is heard after it', () => {
  for (const sent of ['x'.repeat(101), `${'x'.repeat(101)}\r\nQUIT\r\n`]) {
    const heard = listen();
    const errors: Error[] = [];
    heard.stream.on('error', (error) => errors.push(error));
    heard.stream.write(Buffer.from(sent));
    heard.stream.write(Buffer.from('QUIT\r\n'));
    assert.deepEqual([errors.length, words(heard)], [1, []]);
  }
});

test('whoever has closed is not heard', () => {
  const heard = listen(true);
  heard.stream.write(Buffer.from('A\r\nB\r\n'));
  heard.stream.isClosed = true;
  heard.next();
  assert.ok(heard.stream.write(Buffer.from('C\r\n')));
  assert.deepEqual(words(heard), ['A']);
});

test('the last words of a client count without a line end, when all before them is done', async () => {
  const heard = listen(true);
  heard.stream.write(Buffer.from('A\r\nQUIT'));
  heard.stream.end();
  assert.deepEqual(words(heard), ['A']);
  heard.next();
  await once(heard.stream, 'finish');
  assert.deepEqual(words(heard), ['A', 'QUIT']);
});
