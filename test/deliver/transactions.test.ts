import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { AttemptResult, Delivery } from '../../src/deliver/delivery.ts';
import { defaultTimeouts, netDialer, openSession } from '../../src/deliver/session-setup.ts';
import { Transactions } from '../../src/deliver/transactions.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Id } from '../../src/lib/ids.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { wireMessage } from '../../src/smtp/data.ts';
import { type SinkAnswer, startSink } from '../helpers/sink.ts';

interface Run {
  /** State and reply by recipient, in the order of the results. */
  readonly results: [recipient: string, result: AttemptResult][];
  readonly givenBack: string[];
  readonly ended: { isTrouble: boolean; reason: string };
  readonly sink: Awaited<ReturnType<typeof startSink>>;
}

const timeouts = { ...defaultTimeouts, command: 2_000, message: 2_000 };

function deliveryTo(recipient: string, text = 'Subject: a\r\n\r\n.dot\r\nb\r\n'): Delivery {
  const load = { message: wireMessage(Buffer.from(text)), birth: 0 };
  const job = { kind: 'due', post: '0' as Id, attempts: 1 } as const;
  return {
    load,
    sender: `list-return-1.x-${recipient.replace('@', '=')}@h.example`,
    recipient,
    isAscii: !/[^\u0000-\u007f]/.test(recipient),
    member: 1,
    position: 0,
    job,
  };
}

/** Sends to the recipients over one session until it ends. */
async function run(
  t: TestContext,
  keywords: readonly string[],
  answer: SinkAnswer,
  deliveries: Delivery[],
): Promise<Run> {
  const sink = await startSink(keywords, answer);
  t.after(() => sink.close());
  const session = await openSession('127.0.0.1', '127.0.0.1', sink.port, {
    dialer: netDialer,
    clock: systemClock,
    timeouts,
    hostname: 'h.example',
  });
  assert.ok('socket' in session, 'text' in session ? session.text : '');
  const results: Run['results'] = [];
  const givenBack: string[] = [];
  const waiting = [...deliveries];
  const ended = await new Promise<Run['ended']>((resolve) => {
    const transactions = new Transactions(
      session,
      {
        next: () => waiting.shift(),
        settle: (delivery, result) => void results.push([delivery.recipient, result]),
        giveBack: (delivery) => void givenBack.push(delivery.recipient),
        idle: () => transactions.resume(true),
        cannotChunk: () => {},
        ended: (isTrouble, reason) => resolve({ isTrouble, reason }),
      },
      timeouts,
    );
    transactions.resume(true);
  });
  return { results, givenBack, ended, sink };
}

const states = ({ results }: Run): string[] => results.map(([recipient, { state }]) => `${recipient} ${state}`);
const people = ['a@x.example', 'b@x.example', 'c@x.example'];
const all = (): Delivery[] => people.map((recipient) => deliveryTo(recipient));

for (const keywords of [['PIPELINING', '8BITMIME', 'SIZE 1000000'], []]) {
  const mode = keywords.length > 0 ? 'with PIPELINING' : 'in lockstep';

  test(`${mode}: every recipient gets the message under its own sender, over one connection`, async (t) => {
    const done = await run(t, keywords, () => undefined, all());
    assert.deepEqual(states(done), ['a@x.example delivered', 'b@x.example delivered', 'c@x.example delivered']);
    assert.deepEqual(
      done.sink.taken.map(({ sender, recipient }) => [sender, recipient]),
      people.map((one) => [`list-return-1.x-${one.replace('@', '=')}@h.example`, one]),
    );
    assert.ok(done.sink.taken.every(({ message }) => message === 'Subject: a\r\n\r\n..dot\r\nb\r\n'));
    assert.equal(done.sink.connections(), 1);
    assert.equal(done.ended.isTrouble, false);
    assert.equal(done.sink.lines.at(-1), 'QUIT');
  });

  test(`${mode}: a refused recipient costs the others nothing`, async (t) => {
    const refuse: SinkAnswer = (line) => (/RCPT.*<b@/.test(line) ? '550 5.1.1 nobody' : undefined);
    const done = await run(t, keywords, refuse, all());
    assert.deepEqual(states(done), ['a@x.example delivered', 'b@x.example failed', 'c@x.example delivered']);
    assert.equal(done.results[1]![1].reply, '550 5.1.1 nobody');
    assert.deepEqual(
      done.sink.taken.map(({ recipient }) => recipient),
      ['a@x.example', 'c@x.example'],
    );
  });

  test(`${mode}: a sender that is refused for now is deferred, the next goes through`, async (t) => {
    const refuse: SinkAnswer = (line) => (/MAIL.*-a=x/.test(line) ? '451 4.7.1 greylisted' : undefined);
    assert.deepEqual(states(await run(t, keywords, refuse, all())), [
      'a@x.example deferred',
      'b@x.example delivered',
      'c@x.example delivered',
    ]);
  });

  test(`${mode}: the first digit of the reply to the message decides`, async (t) => {
    const answers = ['250 4.0.0 taken', '452 5.2.2 over quota', '554 2.0.0 spam'];
    const done = await run(t, keywords, (line, nth) => (line === 'MESSAGE' ? answers[nth - 1] : undefined), all());
    assert.deepEqual(states(done), ['a@x.example delivered', 'b@x.example deferred', 'c@x.example failed']);
  });

  test(`${mode}: a connection that breaks before the first reply to a message delivers nothing to anybody`, async (t) => {
    const done = await run(t, keywords, (line) => (line.startsWith('MAIL') ? 'drop' : undefined), all());
    assert.deepEqual(states(done), ['a@x.example deferred']);
    assert.equal(done.ended.isTrouble, true);
  });

  test(`${mode}: between the final dot and its reply nobody knows`, async (t) => {
    const done = await run(t, keywords, (line, nth) => (line === 'MESSAGE' && nth === 2 ? 'drop' : undefined), all());
    assert.deepEqual(states(done), ['a@x.example delivered', 'b@x.example uncertain']);
    assert.deepEqual(done.givenBack, mode === 'in lockstep' ? [] : ['c@x.example']);
  });

  test(`${mode}: 421 ends the session, what it answers is tried again`, async (t) => {
    const done = await run(
      t,
      keywords,
      (line, nth) => (line.startsWith('MAIL') && nth === 2 ? '421 4.3.2 closing' : undefined),
      all(),
    );
    assert.equal(done.ended.isTrouble, true);
    assert.ok(done.results.every(([, { state }]) => state !== 'failed'));
    assert.deepEqual(
      states(done).filter((one) => one.startsWith('a')),
      ['a@x.example delivered'],
    );
  });

  test(`${mode}: garbage in place of a reply never delivers`, async (t) => {
    const done = await run(t, keywords, (line) => (line === 'MESSAGE' ? 'OK thanks' : undefined), all());
    assert.equal(states(done)[0], 'a@x.example uncertain');
    assert.ok(done.results.every(([, { state }]) => state === 'uncertain' || state === 'deferred'));
  });
}

test('a 354 after a refused recipient is answered with an empty message, which nobody gets', async (t) => {
  const careless: SinkAnswer = (line) => {
    if (/RCPT.*<a@/.test(line)) return '550 5.1.1 nobody';
    return line === 'DATA' ? '354 go on' : undefined;
  };
  const done = await run(t, ['PIPELINING'], careless, all());
  assert.deepEqual(states(done), ['a@x.example failed', 'b@x.example delivered', 'c@x.example delivered']);
  assert.equal(done.results[0]![1].reply, '550 5.1.1 nobody');
});

test('a message that the peer cannot take fails for that recipient alone', async (t) => {
  const large = deliveryTo('large@x.example', `Subject: a\r\n\r\n${'x'.repeat(2_000)}\r\n`);
  const done = await run(t, ['SIZE 1000'], () => undefined, [
    large,
    deliveryTo('jürgen@x.example'),
    deliveryTo('c@x.example'),
  ]);
  assert.deepEqual(
    done.results.map(([, { state, reply }]) => [state, reply.slice(0, 9)]),
    [
      ['failed', '552 5.3.4'],
      ['failed', '553 5.6.7'],
      ['delivered', '250 2.0.0'],
    ],
  );
});

test('extensions are used where the peer has them', async (t) => {
  const eightBit = deliveryTo('jürgen@x.example', 'Subject: a\r\n\r\nä\r\n');
  const done = await run(t, ['8BITMIME', 'SMTPUTF8', 'SIZE'], () => undefined, [eightBit]);
  assert.match(
    done.sink.lines.find((line) => line.startsWith('MAIL'))!,
    / SIZE=18 BODY=8BITMIME SMTPUTF8$/,
  );
});

test('a peer without 8BITMIME is sent ASCII, and who cannot be converted fails alone', async (t) => {
  const plain = 'Subject: a\r\n\r\nA whole line, Gru\u00df\r\n';
  const signed = 'Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\n\u00e4\r\n--s\r\n\r\nb\r\n--s--\r\n';
  for (const keywords of [['SIZE'], ['PIPELINING', 'SIZE']]) {
    const some = [
      deliveryTo('a@x.example', plain),
      deliveryTo('b@x.example', signed),
      deliveryTo('c@x.example', 'A: b\r\n\r\n'),
    ];
    const done = await run(t, keywords, () => undefined, some);
    assert.deepEqual(states(done).toSorted(), ['a@x.example delivered', 'b@x.example failed', 'c@x.example delivered']);
    assert.match(done.results.find(([, { state }]) => state === 'failed')![1].reply, /^554 5\.6\.3 /);
    const [first] = done.sink.taken;
    assert.match(first!.message, /quoted-printable\r\n\r\nA whole line, Gru=C3=9F\r\n$/);
    const size = / SIZE=(\d+)$/.exec(done.sink.lines.find((line) => line.startsWith('MAIL'))!)![1];
    assert.equal(Number(size), Buffer.byteLength(first!.message));
  }
});

test('only what needs SMTPUTF8 fails at a peer without it: an international domain has an ASCII form', async (t) => {
  const address = (text: string): string => parseAddress(text)!.text;
  const some = ['j\u00fcrgen@x.example', 'info@b\u00fccher.example', 'a@x.example'].map((one) =>
    deliveryTo(address(one)),
  );
  const done = await run(t, ['8BITMIME'], () => undefined, some);
  assert.deepEqual(states(done).toSorted(), [
    'a@x.example delivered',
    'info@xn--bcher-kva.example delivered',
    'j\u00fcrgen@x.example failed',
  ]);
});

test('an address with a line end never becomes two commands', async (t) => {
  const done = await run(t, ['PIPELINING'], () => undefined, [
    deliveryTo('a@x.example>\r\nRCPT TO:<b@x.example'),
    deliveryTo('c@x.example'),
  ]);
  assert.deepEqual(
    done.results.map(([, { state, reply }]) => [state, reply.slice(0, 9)]),
    [
      ['failed', '553 5.1.3'],
      ['delivered', '250 2.0.0'],
    ],
  );
  assert.ok(!done.sink.lines.some((line) => line.includes('b@x.example')));
});
