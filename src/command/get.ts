import type { Handled } from '../queue/handled.ts';
import { answer } from './answer.ts';
import type { Given } from './given.ts';

/** Posts in one answer. */
const postsMost = 20;
/** Octets of posts in one answer; the first goes whatever its size. */
const octetsMost = 1_048_576;

interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * Sends posts from the archive, as they were received, to a member who asks: `.12` is one, `.12_15` are some, nothing the latest twenty. They go
 * to the envelope sender, who has had them before; who is no member is told that the archive is for members.
 */
export async function get(given: Given, argument: string): Promise<Handled> {
  const { list, settings, sender } = given;
  const isMember = (await list.store.rolesOf(sender.canonical)).some((role) => role !== 'deny');
  const last = await list.store.lastPost();
  const range = readRange(argument, last);
  const posts = isMember && settings.archived && range ? await read(given, range) : [];
  const [first] = posts;
  if (!first || !range) {
    const values = { isMember, last, hasPosts: last > 0 };
    return answer(given, { template: 'get-nothing', ...common(given, argument), values, result: 'get: nothing' });
  }
  const next = posts.at(-1)!.number + 1;
  return answer(given, {
    template: 'get',
    ...common(given, argument),
    values: {
      posts: posts.map(({ number, subject }) => ({ number, subject })),
      isMore: next <= range.to,
      next,
      to: range.to,
    },
    enclosed: posts.map(({ number, message }) => ({ name: `${number}.eml`, message })),
    result: `get: ${posts.length} posts`,
  });
}

// A forged sender gets a member the same posts once a day.
function common({ sender }: Given, argument: string): { to: Given['sender']; role: 'subscriber'; unproved: string } {
  return { to: sender, role: 'subscriber', unproved: `get${argument}` };
}

function readRange(argument: string, last: number): Range | undefined {
  if (argument === '') return { from: Math.max(1, last - postsMost + 1), to: last };
  const found = /^[.-]?(\d{1,15})(?:[_.-](\d{1,15}))?$/.exec(argument);
  if (!found) return undefined;
  const [one, other] = [Number(found[1]), Number(found[2] ?? found[1])];
  return { from: Math.max(1, Math.min(one, other)), to: Math.min(last, Math.max(one, other)) };
}

async function read({ list }: Given, { from, to }: Range) {
  const posts: { number: number; subject: string; message: Buffer }[] = [];
  let octets = 0;
  for (let number = from; number <= to && posts.length < postsMost; number++) {
    const message = await list.archive.read(number);
    if (!message) continue;
    octets += message.length;
    if (posts.length > 0 && octets > octetsMost) break;
    posts.push({ number, subject: (await list.store.postByNumber(number))?.subject ?? '', message });
  }
  return posts;
}
