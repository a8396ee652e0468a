import type { List } from '../../list/list.ts';
import { parseAddress } from '../../mail/address.ts';
import type { Trace } from '../../queue/store.ts';
import {
  type Call,
  type Complaint,
  complaint,
  type Door,
  type Ending,
  exit,
  isComplaint,
  shown,
  timeText,
} from '../door.ts';
import { findList } from '../list-argument.ts';
import { withHome } from '../open.ts';

const dayMs = 86_400_000;

/** Prints every attempt to deliver a post, for one recipient or all. */
export function run(call: Call): Promise<Ending> {
  const { door } = call;
  const number = Number(/^\d{1,15}$/.exec(call.text('number') ?? '')?.[0]);
  const wanted = call.text('address');
  const address = wanted === undefined ? undefined : parseAddress(wanted);
  if (!(number > 0)) return refuse(`"${call.text('number') ?? ''}" is not a post number`, 'post numbers begin with 1');
  if (wanted !== undefined && !address) return refuse(`"${wanted}" is not an address`, 'write it as bob@example.net');
  return withHome(door, async (home) => {
    const list = findList(door, home.lists, call.text('list') ?? '');
    if (isComplaint(list)) return list;
    const asLines = call.flag('json') ? jsonLines : textLines;
    let found = 0;
    for await (const page of home.queue.trace(list.name.address, number, address?.canonical)) {
      found += page.length;
      await door.print(page.flatMap((recipient) => asLines(list, number, recipient)).join(''));
    }
    return found > 0 ? exit.done : whyNothing(door, list, number, home.settings.outcomeDays, address?.text);
  });
}

function refuse(what: string, next: string): Promise<Complaint> {
  return Promise.resolve(complaint(exit.usage, what, next));
}

async function whyNothing(
  door: Door,
  list: List,
  number: number,
  days: number,
  address: string | undefined,
): Promise<Complaint> {
  const post = await list.store.postByNumber(number);
  const last = await list.store.lastPost();
  if (!post) return complaint(exit.noInput, `${list.name.address} has no post ${number}`, `its latest post is ${last}`);
  if (post.at < door.clock.now() - days * dayMs) {
    return complaint(
      exit.noInput,
      `post ${number} is older than ${days} days; its outcomes are no longer kept`,
      'the setting outcomeDays says how long they are',
    );
  }
  const whom = address === undefined ? 'nobody' : `not ${address}`;
  return complaint(
    exit.noInput,
    `post ${number} was tried for ${whom} so far`,
    'it may still wait: see "ezlm queue" and "ezlm status"',
  );
}

function textLines(_list: List, _number: number, { address, attempts }: Trace): string[] {
  return attempts.map(({ at, state, host, reply, next }) => {
    const again = next === undefined ? '' : ` (next try ${timeText(next)})`;
    return `${timeText(at)} ${shown(address)} ${state} ${shown(host) || '-'} ${shown(reply)}${again}\n`;
  });
}

function jsonLines(list: List, number: number, { address, attempts }: Trace): string[] {
  return attempts.map(({ at, state, host, reply, next }) => {
    const again = next === undefined ? {} : { next: timeText(next) };
    return `${JSON.stringify({ list: list.name.address, number, address, at: timeText(at), state, host, reply, ...again })}\n`;
  });
}
