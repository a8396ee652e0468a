import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Arrivals } from '../src/arrivals.ts';
import type { Id } from '../src/lib/ids.ts';
import type { Entry, NewEntry } from '../src/queue/store.ts';
import type { Route } from '../src/route.ts';

const noRoutes: ReadonlyMap<Id, Route> = new Map();

interface Desk {
  readonly arrivals: Arrivals;
  readonly begun: Id[];
  readonly routes: (Route | undefined)[];
  room: number;
  isFull: boolean;
}

function desk(room: number): Desk {
  const acceptClaimed = async (_who: unknown, _messages: unknown, entries: readonly NewEntry[]): Promise<Entry[]> => {
    await turn();
    if (made.isFull) throw new Error('full');
    return entries.map((entry) => ({ ...entry, state: 'claimed', created: 0, attempts: 1, reply: '', size: 0 }));
  };
  const begin = ({ id }: Entry, route: Route | undefined): void => {
    made.begun.push(id);
    made.routes.push(route);
    made.room--;
  };
  const claimant = { owner: 'daemon', leaseMs: 1_000 };
  const arrivals = new Arrivals({
    queue: { acceptClaimed },
    claimant,
    onCommit: () => {},
    room: () => made.room,
    begin,
  });
  const made: Desk = { arrivals, begun: [], routes: [], room, isFull: false };
  return made;
}

function entries(count: number): NewEntry[] {
  const common = { kind: 'arrived', message: 'm' as Id, sender: '', recipient: '', list: '', due: 0 } as const;
  return Array.from({ length: count }, (_, at) => ({
    ...common,
    id: String(at).padStart(3, '0') as Id,
    cause: `${at}`,
  }));
}

test('what is on disk begins in its order, in a later turn, a few at a time', async () => {
  const { arrivals, begun } = desk(100);
  await arrivals.accept([], entries(20), noRoutes);
  assert.deepEqual(begun, []);
  await turn();
  assert.ok(begun.length > 0 && begun.length < 20);
  for (let turns = 0; turns < 5; turns++) await turn();
  assert.deepEqual(
    begun,
    entries(20).map(({ id }) => id),
  );
  assert.equal(arrivals.waiting, 0);
});

test('each begins with where it leads, as far as that is known', async () => {
  const { arrivals, routes } = desk(100);
  const leads: Route = { kind: 'postmaster', domain: 'x.example' };
  await arrivals.accept([], entries(2), new Map([[entries(2)[1]!.id, leads]]));
  await turn();
  assert.deepEqual(routes, [undefined, leads]);
});

test('where no more may be worked on the others wait until one has ended', async () => {
  const made = desk(2);
  await made.arrivals.accept([], entries(3), noRoutes);
  for (let turns = 0; turns < 3; turns++) await turn();
  assert.deepEqual([made.begun.length, made.arrivals.waiting], [2, 1]);
  made.room++;
  made.arrivals.beginSome();
  await turn();
  assert.deepEqual([made.begun.length, made.arrivals.waiting], [3, 0]);
});

test('what comes, what waits and what is worked on are 256 together, and a commit that fails gives its room back', async () => {
  const made = desk(0);
  const { arrivals } = made;
  assert.ok(arrivals.hasRoom(256, 0));
  assert.ok(!arrivals.hasRoom(250, 7));
  made.isFull = true;
  const failing = arrivals.accept([], entries(200), noRoutes);
  assert.ok(!arrivals.hasRoom(57, 0));
  await assert.rejects(failing, /full/);
  assert.ok(arrivals.hasRoom(256, 0));
  made.isFull = false;
  await arrivals.accept([], entries(200), noRoutes);
  assert.ok(!arrivals.hasRoom(57, 0));
  assert.ok(arrivals.hasRoom(56, 0));
});
