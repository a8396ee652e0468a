import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { opensslIsAbsent, selfSigned } from '../helpers/certificate.ts';
import { greeted, type Session } from '../helpers/session.ts';
import { domain, startStation, stationSettings } from '../helpers/station.ts';

const mail = 'MAIL FROM:<a@x.example>';
const rcpt = `RCPT TO:<news@${domain}>`;

/** How a session comes into each state. */
const ways: Readonly<Record<string, (session: Session) => Promise<unknown>>> = {
  connected: async () => undefined,
  greeted: (session) => session.codes('EHLO c'),
  mail: (session) => session.codes('EHLO c', mail),
  rcpt: (session) => session.codes('EHLO c', mail, rcpt),
  'after a message': (session) => session.codes('EHLO c', mail, rcpt, 'DATA', 'Subject: a\r\n\r\nx\r\n.'),
  'after a refused message': (session) => session.codes('EHLO c', mail, rcpt, 'DATA', 'a\rb\r\n.'),
  TLS: async (session) => {
    await session.codes('EHLO c', mail, rcpt, 'STARTTLS');
    await session.secure();
  },
  'greeted in TLS': async (session) => {
    await ways['TLS']!(session);
    await session.codes('EHLO c');
  },
};
const states = Object.keys(ways);

// The code of the reply to each command in each state, and to a DATA behind it, which tells what state the command left: 354 with a recipient
// that was accepted. A dash: the server has closed.
const table: Readonly<Record<string, string>> = {
  'EHLO c':                  '250/503 250/503 250/503 250/503 250/503 250/503 250/503 250/503',
  'EHLO':                    '501/503 501/503 501/503 501/354 501/503 501/503 501/503 501/503',
  'HELO c':                  '250/503 250/503 250/503 250/503 250/503 250/503 250/503 250/503',
  'LHLO c':                  '500/503 500/503 500/503 500/354 500/503 500/503 500/503 500/503',
  [mail]:                    '503/503 250/503 503/503 503/354 250/503 250/503 503/503 250/503',
  [`${mail} FOO=1`]:         '503/503 555/503 503/503 503/354 555/503 555/503 503/503 555/503',
  'MAIL FROM:a@x.example':   '503/503 501/503 501/503 501/354 501/503 501/503 503/503 501/503',
  [rcpt]:                    '503/503 503/503 250/354 250/354 503/503 503/503 503/503 503/503',
  [`RCPT TO:<no@${domain}>`]: '503/503 503/503 550/503 550/354 503/503 503/503 503/503 503/503',
  'DATA':                    '503/503 503/503 503/503 354/    503/503 503/503 503/503 503/503',
  'BDAT 3 LAST':             '500/503 500/503 500/503 500/354 500/503 500/503 500/503 500/503',
  'RSET':                    '250/503 250/503 250/503 250/503 250/503 250/503 250/503 250/503',
  'NOOP':                    '250/503 250/503 250/503 250/354 250/503 250/503 250/503 250/503',
  'VRFY ann':                '252/503 252/503 252/503 252/354 252/503 252/503 252/503 252/503',
  'EXPN news':               '500/503 500/503 500/503 500/354 500/503 500/503 500/503 500/503',
  'HELP':                    '214/503 214/503 214/503 214/354 214/503 214/503 214/503 214/503',
  'QUIT':                    '221/-   221/-   221/-   221/-   221/-   221/-   221/-   221/-',
  'STARTTLS':                '220/    220/    220/    220/    220/    220/    503/503 503/503',
  'STARTTLS now':            '501/503 501/503 501/503 501/354 501/503 501/503 501/503 501/503',
  'AUTH PLAIN AGEAYg==':     '500/503 500/503 500/503 500/354 500/503 500/503 500/503 500/503',
  'XCLIENT ADDR=192.0.2.1':  '550/503 550/503 550/503 550/354 550/503 550/503 550/503 550/503',
  'FOO':                     '500/503 500/503 500/503 500/354 500/503 500/503 500/503 500/503',
  '':                        '500/503 500/503 500/503 500/354 500/503 500/503 500/503 500/503',
  'GET / HTTP/1.1':          '421/-   421/-   421/-   421/-   421/-   421/-   421/-   421/-',
}; // prettier-ignore

async function cell(t: TestContext, port: number, state: string, command: string): Promise<string> {
  const session = await greeted(t, port);
  await ways[state]!(session);
  const code = (await session.say(command)).slice(0, 3);
  const isElsewhere = code === '354' || code === '220';
  const after = isElsewhere ? '' : (await session.say('DATA')).slice(0, 3) || '-';
  session.close();
  return `${code}/${after}`;
}

test(
  'every command in every state has its reply and leaves the state it should',
  { skip: opensslIsAbsent() },
  async (t) => {
    const { port } = await startStation(t, {
      tls: await selfSigned(t),
      settings: stationSettings({ connectionsMost: 1_000 }),
    });
    for (const state of states) {
      const commands = Object.keys(table);
      const found = await Promise.all(commands.map((command) => cell(t, port, state, command)));
      const at = states.indexOf(state);
      const wanted = commands.map((command) => `${state}: ${command}: ${table[command]!.split(/\s+/)[at]}`);
      assert.deepEqual(
        commands.map((command, index) => `${state}: ${command}: ${found[index]}`),
        wanted,
      );
    }
  },
);
