import { readFile } from 'node:fs/promises';
import { isOffered } from './command/offered.ts';
import type { ServerSettings } from './config.ts';
import { UsersFile } from './domain/users.ts';
import type { Home } from './home.ts';
import type { Running } from './lib/running.ts';
import type { Log } from './log.ts';
import { failed, permanent, type Result, success } from './mail/failure.ts';
import { judgeBeforeReply } from './post/post.ts';
import { MessageRoom } from './receive/collect.ts';
import { type Listen, placeText, type Receiver, type ReceiverParts, startReceiver } from './receive/receiver.ts';
import { Submission } from './receive/submission.ts';
import { hostnameOf, isOwnerOf, openListOf, placesOf } from './stages.ts';

/** Octets of messages that are being received at a time, at the least: what a small server has to spare. */
const messageRoomLeast = 268_435_456;
const protocols = ['smtp', 'lmtp', 'submission', 'submissions'] as const;

/** One place where mail is taken in. */
export interface RunningReceiver {
  readonly listen: Listen;
  /** As `SMTP on 127.0.0.1:2525`. */
  readonly name: string;
  readonly receiver: Receiver;
}

/** Where what comes in goes. */
type Taking = Pick<ReceiverParts, 'accept' | 'onAccepted' | 'onReplied'>;

/** Starts a receiver for every place that the settings name; each is added to what runs. */
export async function startReceivers(
  home: Home,
  log: Log,
  taking: Taking,
  running: Running[],
): Promise<Result<RunningReceiver[]>> {
  const { settings, clock, newId } = home;
  const tls = await tlsFiles(settings);
  if (!tls.ok) return tls;
  const openList = openListOf(home);
  const room = new MessageRoom(Math.max(messageRoomLeast, 2 * settings.messageBytesMost));
  const users = new UsersFile(home.paths.users);
  const submission = new Submission(() => users.users(), clock);
  const receivers: RunningReceiver[] = [];
  const all = protocols.flatMap((protocol) => listens(settings[protocol], protocol));
  for (const listen of all) {
    const started: Result<Receiver> = await startReceiver(listen, {
      settings,
      hostname: hostnameOf(settings),
      ...tls.value,
      places: placesOf(home),
      isOffered,
      judge: async (sender, name, message) => {
        const list = openList(name);
        if (!list) return permanent('5.1.1', 'there is no such list');
        return judgeBeforeReply(sender.address, list, message, await isOwnerOf(list, sender.user));
      },
      ...taking,
      clock,
      log,
      newId,
      room,
      submission,
      isDsnHonoured: listen.protocol === 'submission' || listen.protocol === 'submissions',
    });
    if (!started.ok) return started;
    const receiver = started.value;
    const name = `${listen.protocol.toUpperCase()} on ${placeText(listen.host, receiver.port)}`;
    running.push({ what: name, isWork: true, end: (workMs) => receiver.close(workMs) });
    receivers.push({ listen, name, receiver });
  }
  return success(receivers);
}

function listens(places: readonly string[], protocol: Listen['protocol']): Listen[] {
  return places.map((place) => {
    const at = place.lastIndexOf(':');
    return { host: place.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(place.slice(at + 1)), protocol };
  });
}

/** The certificate that STARTTLS is offered with; none when the settings name none. */
export async function tlsFiles({
  tlsCertificate,
  tlsKey,
}: ServerSettings): Promise<Result<{ tls?: { cert: Buffer; key: Buffer } }>> {
  if (tlsCertificate === '' || tlsKey === '') return success({});
  try {
    return success({ tls: { cert: await readFile(tlsCertificate), key: await readFile(tlsKey) } });
  } catch (error) {
    return failed(permanent('5.3.5', `the TLS certificate cannot be read: ${(error as Error).message}`));
  }
}
