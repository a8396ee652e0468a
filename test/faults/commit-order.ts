import { acceptances } from './record.ts';
import { type Call } from './trace.ts';

/** A frame of SQLite's WAL begins with 24 octets; the second number is not 0 in the last frame of a commit (https://sqlite.org/fileformat2.html). */
const frameHeaderOctets = 24;

/** What was said before it was true: a message accepted, or named in the queue, before everything of it was synced. */
export function orderProblems(calls: readonly Call[], home: string): string[] {
  const wal = calls.filter((call) => call.on === `${home}/queue/queue.db-wal` && call.result >= 0);
  const journal = calls.filter((call) => call.on.startsWith(`${home}/queue/journal-`) && call.result >= 0);
  const replies = acceptances(calls).flatMap(({ id, call }) => {
    return journalProblem(id, call, journal) ?? walProblem(id, call, wal);
  });
  return [...replies, ...bodyProblems(calls, wal, home)];
}

// Undefined: the journal had nothing of it before the reply. A group of records is one call.
function journalProblem(id: string, reply: Call, journal: readonly Call[]): string[] | undefined {
  const written = journal.find((call) => call.name === 'pwritev' && contains(call, id));
  if (!written || written.ended > reply.began) return undefined;
  const sync = journal.find((call) => isSync(call) && call.on === written.on && call.began > written.ended);
  return sync && sync.ended < reply.began ? [] : [`${id}: accepted before the sync of its journal`];
}

function walProblem(id: string, reply: Call, wal: readonly Call[]): string[] {
  const written = wal.find((call) => call.name === 'pwrite64' && contains(call, id));
  if (!written || written.ended > reply.began) return [`${id}: accepted, and not written before`];
  const last = wal.findIndex((call) => call.began > written.began && isCommitHeader(call));
  // The page follows its frame's header.
  const page = wal[last + 1];
  if (last < 0 || !page) return [`${id}: accepted, and its commit was not written`];
  const sync = wal.find((call) => isSync(call) && call.began > page.ended);
  if (!sync) return [`${id}: accepted, and its commit was never synced`];
  return sync.ended < reply.began ? [] : [`${id}: accepted before the sync of its commit`];
}

// A body that is a file: its octets, its name, and the name of the directory are on disk before the commit that names it.
function bodyProblems(calls: readonly Call[], wal: readonly Call[], home: string): string[] {
  const directory = `${home}/queue/body`;
  const made = calls.find((call) => call.name === 'mkdir' && call.result === 0 && paths(call)[0] === directory);
  const syncs = calls.filter(isSync);
  return calls.flatMap((call) => {
    const [from, to] = call.name === 'rename' ? paths(call) : [];
    if (from === undefined || !to?.startsWith(`${directory}/`)) return [];
    const id = to.slice(directory.length + 1);
    const named = wal.find((one) => one.name === 'pwrite64' && contains(one, id));
    if (!named) return [];
    const synced = (path: string, after: number, before: number): boolean =>
      syncs.some((one) => one.on === path && one.began > after && one.ended < before);
    return [
      ...(synced(from, -1, call.began) ? [] : [`${id}: its body was not synced before it got its name`]),
      ...(synced(directory, call.ended, named.began) ? [] : [`${id}: its name was not synced before the commit`]),
      ...(!made || synced(`${home}/queue`, made.ended, named.began) ? [] : [`${id}: its directory is not synced`]),
    ];
  });
}

function isCommitHeader(call: Call): boolean {
  if (call.name !== 'pwrite64') return false;
  const octets = call.strings[0];
  return octets?.length === frameHeaderOctets && octets.readUInt32BE(4) !== 0;
}

function isSync({ name, result }: Call): boolean {
  return (name === 'fsync' || name === 'fdatasync') && result === 0;
}

function contains(call: Call, text: string): boolean {
  return call.strings.some((octets) => octets.includes(text, 0, 'latin1'));
}

function paths(call: Call): string[] {
  return call.strings.map(String);
}
