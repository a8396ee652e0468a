import { join } from 'node:path';
import { recordedByStrace } from '../helpers/strace.ts';
import type { Copy } from '../soak/sink-log.ts';
import type { Sent } from './ledger.ts';
import type { FaultStation } from './station.ts';
import { wholeLog } from '../helpers/strace-process.ts';
import { type Call, readTrace } from './trace.ts';

/** Calls that change files, or send a reply. */
const calls = [
  'openat,write,pwrite64,writev,pwritev,ftruncate,fsync,fdatasync,rename,unlink,mkdir,sendto,sendmsg',
  // Not used today; a daemon that used them would be followed wrongly.
  'creat,pwritev2,truncate,fallocate,link,linkat,renameat,renameat2,unlinkat,mkdirat,rmdir,copy_file_range,sync_file_range',
].join(',');

/** What a message may take to leave: under a recorder some 40 ms, of which the recorder takes nearly all. */
const patienceOfEachMs = 200;

const followed = calls.split(',').slice(0, 13);

export interface Recorded {
  readonly calls: readonly Call[];
  readonly sent: readonly Sent[];
  /** What the sink took. */
  readonly copies: readonly Copy[];
}

/** Records every write of a daemon from its start to its end, under a load that `send` makes. */
export async function record(
  station: FaultStation,
  directory: string,
  prefix: string,
  send: (port: number) => Promise<Sent[]>,
): Promise<Recorded> {
  const log = join(directory, 'recorded');
  const daemon = await station.serve(recordedByStrace(log, calls));
  let sent: Sent[];
  try {
    sent = await send(daemon.port);
    await station.settle(sent, prefix, { patienceMs: 20_000 + patienceOfEachMs * sent.length });
    await daemon.stop();
  } finally {
    await daemon.kill();
  }
  await wholeLog(log, daemon.pid);
  const recorded = await readTrace(log);
  const { directory: home } = station.home;
  const strange = recorded.find((call) => !followed.includes(call.name) && call.words.includes(hexadecimal(home)));
  if (strange) throw new Error(`${strange.name} on a file of the home: the fault suite does not follow that call`);
  return { calls: recorded, sent, copies: station.copies(prefix) };
}

const replied = /^250 2\.0\.0 ok ([a-z0-9]+)/m;

/** Replies that accept a message: the id they name, and the call that sent them. */
export function acceptances(calls: readonly Call[]): { readonly id: string; readonly call: Call }[] {
  return calls.flatMap((call) => {
    if (!call.on.startsWith('TCP:')) return [];
    const id = replied.exec(Buffer.concat(call.strings).toString('latin1'))?.[1];
    return id === undefined ? [] : [{ id, call }];
  });
}

/** The id that a reply names. */
export function idOf({ reply }: Sent): string | undefined {
  return replied.exec(reply)?.[1];
}

function hexadecimal(text: string): string {
  return Buffer.from(text)
    .toString('hex')
    .replaceAll(/../g, (octet) => `\\x${octet}`);
}
