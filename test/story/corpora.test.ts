import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { parseAddress } from '../../src/mail/address.ts';
import { parseHeader } from '../../src/mail/header.ts';
import { listDomain, startStation, stationList } from '../helpers/daemon.ts';
import { transact } from '../helpers/smtp-client.ts';
import { until } from '../helpers/until.ts';

const corpora = process.env['EZLM_CORPORA'];
const skip = corpora === undefined ? 'EZLM_CORPORA: not set' : false;

test('the octets of the body of every real message arrive as they were posted', { skip }, async (t) => {
  const station = await startStation(t);
  const settings = { posting: 'everybody', subjectNeeded: false, commandSubjectRefused: false };
  const list = await stationList(station.daemon, 'news', settings);
  const cause = { id: 'corpora', tag: 'manual', at: 0 };
  await list.store.add('subscriber', [parseAddress('reader@example.net')!], cause);
  const told = { normalised: [] as string[], refused: [] as string[], discarded: [] as string[] };
  let arrived = 0;
  for (const name of messages(join(corpora!, 'mime4j'))) {
    const original = readFileSync(join(corpora!, 'mime4j', name)).toString('latin1');
    const message = wellEnded(original);
    if (message !== original) told.normalised.push(name);
    const { end } = await transact(station.daemon.smtpPort, {
      from: 'author@example.org',
      to: `news@${listDomain}`,
      message,
      encoding: 'latin1',
    });
    if (!end[0]?.startsWith('250')) {
      told.refused.push(`${name}: ${end[0]}`);
      continue;
    }
    const result = await resultOf(station.logged, end[0]);
    if (!result.startsWith('post ')) {
      told.discarded.push(`${name}: ${result}`);
      continue;
    }
    arrived++;
    const copy = await station.peer.nth('reader@example.net', arrived);
    assert.equal(bodyOf(copy.message), bodyOf(message), name);
  }
  t.diagnostic(`${arrived} arrived with their bodies as posted`);
  t.diagnostic(`line ends made CRLF first: ${told.normalised.length}: ${told.normalised.join(', ')}`);
  t.diagnostic(`refused: ${told.refused.length}: ${told.refused.join('; ')}`);
  t.diagnostic(`discarded by a rule: ${told.discarded.length}: ${told.discarded.join('; ')}`);
  assert.ok(arrived > 0);
});

function messages(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.msg'))
    .toSorted((a, b) => (a < b ? -1 : 1));
}

// What breaks the rules of SMTP (RFC 5321 §2.3.8) is mended by whoever submits it.
function wellEnded(text: string): string {
  const lines = text.replace(/\r\n|\r|\n/g, '\r\n');
  return lines.endsWith('\r\n') ? lines : `${lines}\r\n`;
}

function bodyOf(message: string): string {
  return message.slice(parseHeader(Buffer.from(message, 'latin1')).bodyStart);
}

async function resultOf(logged: Awaited<ReturnType<typeof startStation>>['logged'], reply: string): Promise<string> {
  const id = reply.split(' ').at(-1);
  const done = await until(`the end of ${id}`, () =>
    logged.find(({ event, fields }) => event === 'entry.done' && fields['entry'] === id),
  );
  return String(done.fields['result']);
}
