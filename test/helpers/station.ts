import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { isOffered } from '../../src/command/offered.ts';
import { initialSettings } from '../../src/home.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { idMaker } from '../../src/lib/ids.ts';
import { permanent } from '../../src/mail/failure.ts';
import type { NewEntry, NewMessage } from '../../src/queue/store.ts';
import { MessageRoom } from '../../src/receive/collect.ts';
import { type Listen, type ReceiverParts, startReceiver } from '../../src/receive/receiver.ts';
import { placesOf } from './places.ts';

/** The domain of every station. */
export const domain = 'lists.example.org';

/** The settings of a station, and what a test changes of them. */
export function stationSettings(changed: object = {}): ReceiverParts['settings'] {
  return initialSettings({ domains: [domain], messageBytesMost: 65_536, ...changed });
}

/** A receiver with the lists news and closed (which takes no posts), and what it has put into its queue. */
export interface Station {
  readonly port: number;
  readonly messages: NewMessage[];
  readonly entries: NewEntry[];
}

/** Starts one on a free port; it ends with the test. */
export async function startStation(
  t: TestContext,
  given: Partial<ReceiverParts> = {},
  protocol: Listen['protocol'] = 'smtp',
): Promise<Station> {
  const messages: NewMessage[] = [];
  const entries: NewEntry[] = [];
  const started = await startReceiver(
    { host: '127.0.0.1', port: 0, protocol },
    {
      settings: stationSettings(),
      hostname: domain,
      places: placesOf([`news@${domain}`, `closed@${domain}`]),
      isOffered,
      judge: async (_sender, list) =>
        list.name === 'closed' ? permanent('5.7.1', 'this list takes no posts') : undefined,
      accept: async (some, more) => {
        messages.push(...some);
        entries.push(...more);
      },
      onAccepted: () => {},
      clock: systemClock,
      log: () => {},
      newId: idMaker(systemClock),
      room: new MessageRoom(10_000_000),
      isDsnHonoured: false,
      ...given,
    },
  );
  assert.ok(started.ok);
  t.after(() => started.value.close());
  return { port: started.value.port, messages, entries };
}

/**
 * Sends the parts one after the other (each in a write of its own), as long as it is heard, and gives every reply line until the server closes.
 * Every refusal must have an enhanced code of its own class.
 */
export async function talk(port: number, parts: readonly (string | Buffer)[]): Promise<string[]> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.setTimeout(10_000, () => socket.destroy(new Error(`no reply after: ${text}`)));
  let text = '';
  socket.on('data', (octets) => (text += octets.toString('latin1')));
  await once(socket, 'data');
  for (const part of parts) {
    if (!socket.writable) break;
    socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part);
    if (parts.length > 1) await new Promise((resolve) => setImmediate(resolve));
  }
  await once(socket, 'close');
  const lines = text.split('\r\n').filter((line) => line !== '');
  for (const line of lines) assert.match(line, /^(?:2\d\d[ -]|3\d\d |4\d\d 4\.|5\d\d 5\.|250-)/, line);
  return lines;
}

/** The codes of the replies: one each, however many lines. */
export function codesOf(lines: readonly string[]): string[] {
  return lines.filter((line) => line[3] === ' ').map((line) => line.slice(0, 3));
}
