import type { List } from '../../list/list.ts';
import type { Home } from '../../home.ts';
import { type Header, parseHeader, valueOf } from '../../mail/header.ts';
import { type Call, type Complaint, complaint, type Ending, exit, isComplaint, printJson } from '../door.ts';
import { follow } from '../follow.ts';
import { readInput } from '../input.ts';
import { findList } from '../list-argument.ts';
import { tellDaemon, withHome } from '../open.ts';

/** Queues a message for a list as its owner; prints the id of the entry, and shows at a terminal how far it is. */
export function run(call: Call): Promise<Ending> {
  return withHome(call.door, async (home) => {
    const list = findList(call.door, home.lists, call.text('list') ?? '');
    if (isComplaint(list)) return list;
    const owner = (await list.settings()).owner || home.settings.postmaster;
    if (owner === '') {
      return complaint(
        exit.settings,
        `${list.name.address} has no owner to post as`,
        `set one: "ezlm make ${list.name.address} -+ --owner YOU"`,
      );
    }
    const input = await readInput(call.door, 'the message');
    if (isComplaint(input)) return input;
    const message = await readMessage(home, list, owner, input);
    return isComplaint(message) ? message : queue(call, home, list, owner, message);
  });
}

async function queue(call: Call, home: Home, list: List, owner: string, message: Buffer): Promise<Ending> {
  if (call.flag('dry-run')) {
    call.door.say(`would queue ${message.length} octets for ${list.name.address} from ${owner}; nothing was changed`);
    return exit.done;
  }
  const id = home.newId();
  const entry = {
    id,
    kind: 'arrived' as const,
    message: id,
    sender: owner,
    recipient: list.name.address,
    list: list.name.address,
    cause: `send ${id}`,
    due: call.door.clock.now(),
  };
  await home.queue.accept([{ id, body: message }], [entry]);
  await tellDaemon(call.door);
  await (call.flag('json') ? printJson(call.door, { id, list: list.name.address }) : call.door.print(`${id}\n`));
  const isWatched = call.door.progress !== undefined && !call.flag('no-wait');
  return isWatched ? follow({ door: call.door, home, list, id }) : exit.done;
}

async function readMessage(home: Home, list: List, owner: string, input: Buffer): Promise<Buffer | Complaint> {
  // RFC 5321 §2.3.8: a message in transport has CRLF line ends and nothing else; files on disk have not.
  const wire = Buffer.from(input.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n'), 'latin1');
  const header = parseHeader(wire);
  if (header.fields.length === 0) {
    return complaint(
      exit.badInput,
      'that is no message: it does not begin with a header',
      'begin with lines like "Subject: News", then an empty line, then the text',
    );
  }
  const message = Buffer.concat([missingFields(home, list, owner, header), wire]);
  const most = Math.min((await list.settings()).bytesMost, home.settings.messageBytesMost);
  if (message.length <= most) return message;
  return complaint(
    exit.badInput,
    `the message has ${message.length} octets; ${list.name.address} takes at most ${most}`,
    'make it smaller, or raise the setting bytesMost',
  );
}

// RFC 5322 §3.6: From and Date must be there, Message-ID should. Owner and domain were checked where they were read.
function missingFields(home: Home, list: List, owner: string, header: Header): Buffer {
  const fields = [
    ['From', owner],
    ['Date', new Date(home.clock.now()).toUTCString().replace('GMT', '+0000')],
    ['Message-ID', `<${home.newId()}@${list.name.domain}>`],
  ] as const;
  const missing = fields.filter(([name]) => valueOf(header, name.toLowerCase()) === undefined);
  return Buffer.from(missing.map(([name, value]) => `${name}: ${value}\r\n`).join(''));
}
