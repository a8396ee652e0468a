import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { roles } from '../../src/list/name.ts';
import { unpackMembers } from '../../src/list/packed.ts';
import type { Cause } from '../../src/list/cause.ts';
import type { Cursor, ListStore, MemberPage, NewPost } from '../../src/list/store.ts';
import { type Address, parseAddress } from '../../src/mail/address.ts';

const minuteMs = 60_000;
const everybody = Number.MAX_SAFE_INTEGER;

function addressesOf(...texts: string[]): Address[] {
  return texts.map((text) => parseAddress(text) ?? assert.fail(text));
}

function wildcard(domain: string): Address {
  return { local: '', domain, text: `@${domain}`, canonical: `@${domain}` };
}

function cause(id: string, at = 1_000, tag = 'manual'): Cause {
  return { id, tag, at };
}

function postOf(number: number, by: string): NewPost {
  return { number, cause: by, at: 5, subject: 'hi', from: 'ann@x.example', messageId: '<1@x.example>', size: 12 };
}

function membersOf(page: MemberPage): string[] {
  return [...unpackMembers(page.packed)].map(({ address }) => address);
}

async function gather<T>(pages: AsyncIterable<T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}

async function pagesOf(store: ListStore, lastMember: number, limit: number): Promise<MemberPage[]> {
  const pages: MemberPage[] = [];
  let cursor: Cursor | undefined;
  do {
    const page: MemberPage = await store.page('subscriber', cursor, lastMember, limit);
    pages.push(page);
    cursor = page.cursor;
  } while (cursor);
  return pages;
}

/** What every ListStore promises. `open` gives an empty one, which the test cleans up. */
export function listStoreConformance(name: string, open: (t: TestContext) => Promise<ListStore>): void {
  const promise = (what: string, run: (store: ListStore) => Promise<void>): void => {
    test(`${name}: ${what}`, async (t) => run(await open(t)));
  };

  promise('an address is added once, in whatever letter case it comes', async (store) => {
    assert.equal(await store.add('subscriber', addressesOf('Bob@X.example', 'bob@x.example'), cause('a')), 1);
    assert.equal(await store.add('subscriber', addressesOf('BOB@x.example'), cause('b')), 0);
    assert.equal((await store.memberOf('subscriber', 'bob@x.example'))?.address, 'Bob@x.example');
    assert.equal(await store.count('subscriber'), 1);
  });

  promise('letters outside ASCII are found by their canonical form too', async (store) => {
    const [jurgen] = addressesOf('JÜRGEN@x.example');
    await store.add('subscriber', [jurgen!], cause('a'));
    assert.equal(await store.add('subscriber', addressesOf('jürgen@x.example'), cause('b')), 0);
    assert.deepEqual(await store.rolesOf(jurgen!.canonical), ['subscriber']);
    assert.equal(await store.remove('subscriber', addressesOf('Jürgen@x.example'), cause('c')), 1);
  });

  promise('an address may have every role, each with its own id', async (store) => {
    for (const role of roles) assert.equal(await store.add(role, addressesOf('ann@x.example'), cause(role)), 1);
    assert.deepEqual((await store.rolesOf('ann@x.example')).toSorted(), [...roles].toSorted());
    const ids = await Promise.all(roles.map(async (role) => (await store.memberOf(role, 'ann@x.example'))?.id));
    assert.equal(new Set(ids).size, roles.length);
    assert.deepEqual(await store.rolesOf('nobody@x.example'), []);
  });

  promise('a record @domain counts for every address of the domain and is on no page', async (store) => {
    await store.add('deny', [wildcard('spam.example')], cause('a'));
    assert.deepEqual(await store.rolesOf('anybody@spam.example'), ['deny']);
    assert.deepEqual(await store.rolesOf('anybody@not-spam.example'), []);
    assert.equal(await store.memberOf('deny', 'anybody@spam.example'), undefined);
    await store.add('subscriber', [wildcard('x.example'), ...addressesOf('ann@x.example')], cause('b'));
    assert.deepEqual(membersOf(await store.page('subscriber', undefined, everybody, 10)), ['ann@x.example']);
  });

  promise('a removed member leaves a tombstone, and a new membership gets a new id', async (store) => {
    await store.add('subscriber', addressesOf('ann@x.example'), cause('a'));
    const first = (await store.memberOf('subscriber', 'ann@x.example'))!;
    assert.equal(await store.remove('subscriber', addressesOf('ANN@x.example', 'who@x.example'), cause('b')), 1);
    assert.deepEqual(await store.memberById(first.id), { ...first, isGone: true });
    assert.equal(await store.memberOf('subscriber', 'ann@x.example'), undefined);
    await store.add('subscriber', addressesOf('ann@x.example'), cause('c', 2_000));
    const second = (await store.memberOf('subscriber', 'ann@x.example'))!;
    assert.ok(second.id > first.id);
    assert.equal(second.since, 2_000);
    assert.deepEqual(await store.memberById(second.id), { ...second, isGone: false });
    assert.equal(await store.memberById(999), undefined);
  });

  promise('a stage that runs again changes nothing twice and is told the same', async (store) => {
    const ann = addressesOf('ann@x.example');
    assert.equal(await store.add('subscriber', ann, cause('join')), 1);
    assert.equal(await store.add('subscriber', ann, cause('join')), 1);
    assert.equal(await store.remove('subscriber', ann, cause('leave')), 1);
    assert.equal(await store.add('subscriber', ann, cause('join')), 1, 'told as at first, but the removal stays');
    assert.equal(await store.count('subscriber'), 0);
    assert.equal(await store.add('subscriber', ann, cause('again')), 1);
    assert.equal(await store.remove('subscriber', ann, cause('leave')), 1, 'the later joining stays');
    assert.equal(await store.count('subscriber'), 1);
    const lines = await gather(store.log());
    assert.deepEqual(
      lines.map(({ event, address }) => `${event} ${address}`),
      ['+manual ann@x.example', '-manual ann@x.example', '+manual ann@x.example'],
    );
  });

  promise('the log keeps time, tag and note of each change, oldest first', async (store) => {
    await store.add('digest', addressesOf('ann@x.example'), { id: 'a', tag: '', at: 7, note: 'From: Ann' });
    await store.remove('digest', addressesOf('ann@x.example'), cause('b', 8, 'probe'));
    await store.note({ at: 9, event: 'owner', role: 'subscriber', address: 'o@x.example', note: 'n' }, 'c');
    await store.note({ at: 10, event: 'owner', role: 'subscriber', address: 'o@x.example', note: 'n' }, 'c');
    assert.deepEqual(await gather(store.log()), [
      { at: 7, event: '+', role: 'digest', address: 'ann@x.example', note: 'From: Ann' },
      { at: 8, event: '-probe', role: 'digest', address: 'ann@x.example', note: '' },
      { at: 9, event: 'owner', role: 'subscriber', address: 'o@x.example', note: 'n' },
    ]);
  });

  promise('ten thousand addresses are one call, and come back sorted by domain', async (store) => {
    const texts = Array.from({ length: 10_000 }, (_, i) => `u${(i * 7) % 10_000}@d${i % 7}.example`);
    assert.equal(await store.add('subscriber', addressesOf(...texts), cause('a')), 10_000);
    const all = await gather(store.addresses('subscriber'));
    assert.equal(all.length, 10_000);
    const key = (text: string): string => `${text.split('@')[1]} ${text}`;
    assert.deepEqual(
      all,
      texts.toSorted((a, b) => (key(a) < key(b) ? -1 : 1)),
    );
    assert.equal(await store.remove('subscriber', addressesOf(...texts), cause('b')), 10_000);
    assert.equal(await store.count('subscriber'), 0);
  });

  promise('pages give every member once, and a domain that fills half a page stands alone', async (store) => {
    const domainOf = (i: number): string => (i < 13 ? 'big.example' : i < 16 ? 'c.example' : `d${i}.example`);
    const texts = Array.from({ length: 20 }, (_, i) => `U${String(i).padStart(2, '0')}@${domainOf(i)}`);
    await store.add('subscriber', addressesOf(...texts), cause('a'));
    await store.add('digest', addressesOf('other@x.example'), cause('b'));
    const pages = await pagesOf(store, everybody, 10);
    assert.deepEqual(
      pages.map(({ count, domain }) => [count, domain]),
      [
        [10, 'big.example'],
        [10, ''],
      ],
    );
    assert.deepEqual(pages.flatMap(membersOf), texts);
    const halves = await pagesOf(store, everybody, 5);
    assert.deepEqual(
      halves.map(({ count, domain }) => [count, domain]),
      [
        [5, 'big.example'],
        [5, 'big.example'],
        [3, 'big.example'],
        [3, 'c.example'],
        [4, ''],
      ],
    );
    assert.deepEqual(halves.flatMap(membersOf), texts);
  });

  promise('who joined after the number was given is on no page; who left in between is not either', async (store) => {
    await store.add('subscriber', addressesOf('a@x.example', 'b@x.example', 'c@y.example'), cause('a'));
    const { lastMember } = await store.recordPost(postOf(1, 'p1'));
    await store.add('subscriber', addressesOf('aa@x.example', 'd@z.example'), cause('b'));
    const first = await store.page('subscriber', undefined, lastMember, 1);
    await store.remove('subscriber', addressesOf('a@x.example', 'b@x.example'), cause('c'));
    const rest: string[] = [];
    for (let cursor = first.cursor; cursor;) {
      const page: MemberPage = await store.page('subscriber', cursor, lastMember, 1);
      rest.push(...membersOf(page));
      cursor = page.cursor;
    }
    assert.deepEqual([...membersOf(first), ...rest], ['a@x.example', 'c@y.example']);
  });

  promise('a list without members has one empty page', async (store) => {
    const [page, ...others] = await pagesOf(store, everybody, 10);
    assert.deepEqual([page?.count, page?.domain, page?.packed.length, others], [0, '', 0, []]);
  });

  promise('a request is opened once, found by id and nonce, and used once', async (store) => {
    const wanted = {
      action: 'sc',
      role: 'subscriber',
      address: 'Ann@x.example',
      expires: 60 * minuteMs,
      nonce: 77,
    } as const;
    const { request, isNew } = await store.openRequest(wanted, cause('a', minuteMs));
    assert.equal(isNew, true);
    assert.deepEqual(await store.openRequest({ ...wanted, nonce: 78 }, cause('a', minuteMs)), { request, isNew: true });
    assert.deepEqual(
      await store.openRequest({ ...wanted, address: 'ann@x.example', nonce: 79 }, cause('b', minuteMs)),
      {
        request,
        isNew: false,
      },
    );
    assert.deepEqual(await store.requestById(request.id), request);
    assert.deepEqual(await store.requestByNonce('sc', 'subscriber', 'ann@x.example', 77), request);
    assert.equal(await store.requestByNonce('uc', 'subscriber', 'ann@x.example', 77), undefined);
    assert.equal(await store.useRequest(request.id, cause('c', 2 * minuteMs)), true);
    assert.equal(await store.useRequest(request.id, cause('c', 2 * minuteMs)), true, 'the same stage again');
    assert.equal(await store.useRequest(request.id, cause('d', 3 * minuteMs)), false);
    assert.equal((await store.requestById(request.id))?.used, 2 * minuteMs);
    assert.equal(await store.useRequest(999, cause('d')), false);
  });

  promise('after an answer or the expiry a new request is a new one; another role always is', async (store) => {
    const wanted = {
      action: 'sc',
      role: 'subscriber',
      address: 'ann@x.example',
      expires: 60 * minuteMs,
      nonce: 1,
    } as const;
    const first = await store.openRequest(wanted, cause('a', 0));
    const digest = await store.openRequest({ ...wanted, role: 'digest', nonce: 2 }, cause('b', 0));
    assert.equal(digest.isNew, true);
    const late = await store.openRequest({ ...wanted, expires: 120 * minuteMs, nonce: 3 }, cause('c', 61 * minuteMs));
    assert.equal(late.isNew, true);
    assert.notEqual(late.request.id, first.request.id);
    await store.useRequest(late.request.id, cause('d', 62 * minuteMs));
    const again = await store.openRequest({ ...wanted, expires: 130 * minuteMs, nonce: 4 }, cause('e', 63 * minuteMs));
    assert.equal(again.isNew, true);
  });

  promise('a post is numbered once for its cause', async (store) => {
    assert.deepEqual(await store.nextPost('p1'), { number: 1 });
    const record = await store.recordPost(postOf(1, 'p1'));
    assert.deepEqual({ ...record }, { ...postOf(1, 'p1'), lastMember: 0 });
    assert.deepEqual({ ...(await store.recordPost(postOf(2, 'p1'))) }, { ...record });
    const known = await store.nextPost('p1');
    assert.deepEqual({ ...known.record }, { ...record });
    assert.deepEqual(await store.nextPost('p2'), { number: 2 });
    assert.equal(await store.lastPost(), 1);
    assert.deepEqual({ ...(await store.postByNumber(1)) }, { ...record });
    assert.equal(await store.postByNumber(2), undefined);
  });

  promise('the last good settings are kept as they were given', async (store) => {
    assert.equal(await store.lastGoodSettings(), undefined);
    await store.keepSettings('{"title":"a"}');
    await store.keepSettings('{"title":"b"}');
    assert.equal(await store.lastGoodSettings(), '{"title":"b"}');
  });

  promise('names of object prototypes are plain text', async (store) => {
    await store.add('subscriber', addressesOf('__proto__@x.example'), cause('__proto__'));
    assert.deepEqual(await gather(store.addresses('subscriber')), ['__proto__@x.example']);
  });
}
