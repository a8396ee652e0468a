import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { simpleParser } from 'mailparser';
import { encodeWords } from '../../src/mail/words.ts';
import { listDomain, startStation, stationList } from '../helpers/daemon.ts';
import { fieldOf, letter, replyAddress } from '../helpers/letter.ts';
import { freePort, postfixIsAbsent, startPostfix, swaksIsAbsent } from '../helpers/postfix.ts';
import { transact } from '../helpers/smtp-client.ts';
import { until } from '../helpers/until.ts';

const ann = 'ann@people.example';
const ben = 'ben@people.example';
const news = `news@${listDomain}`;
const subject = 'Grüße aus Köln: 請看附件';
const skip = postfixIsAbsent() || swaksIsAbsent();

/** Postfix writes the time into a Maildir's names: `<seconds>.V…M<microseconds>.<host>`. */
function arrival(name: string): number {
  const [, seconds, microseconds] = /^(\d+)\..*M(\d+)\./.exec(name) ?? [];
  return Number(seconds) + Number(microseconds) / 1_000_000;
}

/** The mails of a Maildir in the order of arrival, with CRLF. */
async function mailsIn(maildir: string): Promise<string[]> {
  const names = await readdir(join(maildir, 'new')).catch(() => []);
  const mails = await Promise.all(
    names.toSorted((a, b) => arrival(a) - arrival(b)).map((name) => readFile(join(maildir, 'new', name), 'latin1')),
  );
  return mails.map((mail) => mail.replaceAll(/\r?\n/g, '\r\n'));
}

test('Postfix on both sides: people join, post with an attachment, and leave', { skip }, async (t) => {
  const port = await freePort();
  const station = await startStation(t, { routes: { '*': `127.0.0.1:${port}` } });
  const list = await stationList(station.daemon, 'news');
  const mail = await startPostfix(t, { port, listDomain, lmtpPort: station.daemon.lmtpPort!, people: [ann, ben] });
  const write = async (from: string, to: string, about: string): Promise<void> => {
    const { end } = await transact(port, { from, to, message: letter(from, to, about) });
    assert.match(end[0] ?? '', /^250 /);
  };
  const nth = (who: string, count: number): Promise<string> =>
    until(`mail ${count} for ${who}`, async () => (await mailsIn(join(mail, who)))[count - 1]);
  const confirm = async (who: string, request: string): Promise<void> => {
    await write(who, replyAddress({ message: request }), `Re: ${fieldOf({ message: request }, 'Subject')}`);
  };

  for (const who of [ann, ben]) {
    await write(who, `news-subscribe@${listDomain}`, 'please');
    await confirm(who, await nth(who, 1));
    await nth(who, 2);
    assert.ok(await list.store.memberOf('subscriber', who));
  }

  const attachment = randomBytes(3_000);
  const path = join(station.directory, 'octets.bin');
  await writeFile(path, attachment);
  const words = ['--server', `127.0.0.1:${port}`, '--from', ann, '--to', news, '--h-Subject', encodeWords(subject)];
  await promisify(execFile)('swaks', [...words, '--body', 'see the attachment', '--attach', `@${path}`]);
  for (const who of [ann, ben]) {
    const message = await nth(who, 3);
    assert.match(
      fieldOf({ message }, 'Return-Path') ?? '',
      new RegExp(`<news-return-1\\..*-${who.replace('@', '=')}@`),
    );
    const post = await simpleParser(Buffer.from(message, 'latin1'));
    assert.equal(post.subject, subject);
    assert.equal(post.text?.trim(), 'see the attachment');
    assert.deepEqual(
      post.attachments.map(({ content }) => content),
      [attachment],
    );
  }

  await write(ben, `news-unsubscribe@${listDomain}`, 'enough');
  await confirm(ben, await nth(ben, 4));
  await nth(ben, 5);
  assert.equal(await list.store.memberOf('subscriber', ben), undefined);
  assert.equal((await mailsIn(join(mail, ann))).length, 3);
});
