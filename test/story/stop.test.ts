import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { BenchHome, domain, owner } from '../bench/home.ts';
import { ezlm } from '../cli/test-door.ts';
import { letter } from '../helpers/letter.ts';
import { type Peer, startPeer } from '../helpers/peer.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { until } from '../helpers/until.ts';

const members = 300;

function member(at: number): string {
  return `member${at}@d${at % 5}.example`;
}

interface Stage {
  readonly home: BenchHome;
  readonly peer: Peer;
}

const list = `news@${domain}`;

async function stage(t: TestContext, replyMs: number): Promise<Stage> {
  const directory = join(await temporaryDirectory(t), 'home');
  const everybody = Array.from({ length: members }, (_, at) => member(at)).join('\n');
  await ezlm(directory, ['init', '--domain', domain, 'routeConnections=10']);
  await ezlm(directory, ['make', list, '--owner', owner, 'posting=everybody']);
  assert.equal((await ezlm(directory, ['sub', list], everybody)).code, 0);
  const peer = await startPeer(replyMs);
  t.after(() => peer.close());
  return { home: new BenchHome(directory), peer };
}

/** The events of all daemons that served this home. */
async function logged({ directory }: BenchHome): Promise<string[]> {
  const text = await readFile(`${directory}.log`, 'utf8');
  return text.split('\n').flatMap((line) => /"event":"([^"]+)"/.exec(line)?.[1] ?? []);
}

function reached(peer: Peer): Set<string> {
  return new Set(peer.copies.map(({ recipient }) => recipient));
}

test('SIGTERM in the middle of a fan-out: what is on the wire ends, and after the restart nobody gets a second copy', async (t) => {
  const { home, peer } = await stage(t, 30);
  let daemon = await home.serve(peer.port);
  t.after(() => daemon.kill());
  await daemon.post(owner, list, letter(owner, list, 'to all'));
  await until('some copies', () => peer.copies.length >= 100);
  await daemon.stop();
  assert.ok(peer.copies.length < members, 'the fan-out was over too soon to say anything');
  daemon = await home.serve(peer.port);
  await until('a copy for everybody', () => reached(peer).size === members);
  await daemon.stop();
  assert.deepEqual(peer.copies.map(({ recipient }) => recipient).toSorted(), [...reached(peer)].toSorted());
  const events = await logged(home);
  assert.equal(events.filter((event) => event === 'daemon.stopped').length, 2);
  assert.ok(!events.includes('daemon.cut'));
});
