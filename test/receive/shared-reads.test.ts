import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import test, { type TestContext } from 'node:test';
import { SharedReads } from '../../src/receive/shared-reads.ts';
import { until } from '../helpers/until.ts';

interface Pair {
  readonly client: Socket;
  readonly taken: Socket;
}

async function serverOf(t: TestContext): Promise<Server> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return server;
}

async function pair(t: TestContext, server: Server, reads: SharedReads, early = ''): Promise<Pair> {
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write(early);
  const [socket] = await accepted;
  const taken = reads.takeOver(socket);
  t.after(() => client.destroy());
  t.after(() => taken.destroy());
  return { client, taken };
}

/** Keeps copies of what comes; `isFull` until `room`. */
class Reader extends Writable {
  readonly pieces: string[] = [];
  isFull = false;

  override write(octets: unknown): boolean {
    this.pieces.push((octets as Buffer).toString('latin1'));
    return !this.isFull;
  }

  get text(): string {
    return this.pieces.join('');
  }

  room(): void {
    this.isFull = false;
    this.emit('drain');
  }
}

test('each socket reads what its own client says, from the first octet to the last', async (t) => {
  const [server, reads] = [await serverOf(t), new SharedReads()];
  const pairs = [await pair(t, server, reads, 'early '), await pair(t, server, reads, 'bird ')];
  const readers = pairs.map(({ taken }) => taken.pipe(new Reader()));
  for (let round = 0; round < 50; round++)
    for (const [at, { client }] of pairs.entries()) client.write(`${at}${round};`.repeat(100));
  for (const { client } of pairs) client.end();
  await Promise.all(readers.map((reader) => once(reader, 'finish')));
  const said = (at: number): string => Array.from({ length: 50 }, (_, round) => `${at}${round};`.repeat(100)).join('');
  assert.deepEqual([readers[0]!.text, readers[1]!.text], [`early ${said(0)}`, `bird ${said(1)}`]);
});

test('whoever cannot be heard now is not read, and then goes on where it was', async (t) => {
  const { client, taken } = await pair(t, await serverOf(t), new SharedReads());
  const reader = taken.pipe(new Reader());
  reader.isFull = true;
  client.write('first');
  await until('the first words', () => reader.text === 'first');
  // More than the buffers of both ends hold.
  const more = 'x'.repeat(16_777_216);
  client.write(more);
  client.end();
  assert.equal(reader.text, 'first');
  reader.room();
  await once(reader, 'finish');
  assert.equal(reader.text, `first${more}`);
});

test('what comes while nobody reads waits, until it is thrown away', async (t) => {
  const { client, taken } = await pair(t, await serverOf(t), new SharedReads());
  const [first, second] = [new Reader(), new Reader()];
  taken.pipe(first);
  client.write('to the first');
  await until('what the first hears', () => first.text === 'to the first');
  taken.unpipe(first);
  client.write('to the second');
  await new Promise((resolve) => setImmediate(resolve));
  taken.pipe(second);
  await until('what the second hears', () => second.text === 'to the second');
  taken.unpipe(second);
  client.end('to nobody');
  taken.resume();
  await once(taken, 'end');
  assert.deepEqual([first.text, second.text], ['to the first', 'to the second']);
});

test('the server counts a socket until it is closed, and answers go out', async (t) => {
  const server = await serverOf(t);
  const { client, taken } = await pair(t, server, new SharedReads());
  taken.pipe(new Reader());
  const count = (): Promise<number> =>
    new Promise((resolve, reject) =>
      server.getConnections((error, number) => (error ? reject(error) : resolve(number))),
    );
  assert.equal(await count(), 1);
  taken.end('bye');
  assert.equal(String((await once(client, 'data'))[0]), 'bye');
  client.end();
  await once(taken, 'close');
  assert.equal(await count(), 0);
});
