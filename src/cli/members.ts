import type { Address } from '../mail/address.ts';
import { idMaker } from '../lib/ids.ts';
import type { List } from '../list/list.ts';
import type { Role } from '../list/name.ts';
import type { Cause } from '../list/cause.ts';
import { type Suppressions, unsuppressed } from '../list/suppressions.ts';
import {
  type Call,
  type Complaint,
  complaint,
  type Door,
  type Ending,
  exit,
  isComplaint,
  printJson,
  shown,
} from './door.ts';
import { isRole, type Line, linesOf, parseMember, readInput } from './input.ts';
import { findList } from './list-argument.ts';
import { tellDaemon, withLists } from './open.ts';

/** Addresses per transaction: well below the 10,000 rows and 50 ms that a transaction may take (DESIGN: state). */
const batch = 5_000;

type Change = 'add' | 'remove';

/** What a run is about: lines that can be gone through again, because all are checked before the first change. */
interface Wanted {
  readonly role: Role;
  readonly lines: () => Iterable<Line>;
}

/** `sub` and `unsub`: checks all input, then changes the list in batches that can be repeated. */
export function changeMembers(call: Call, change: Change): Promise<Ending> {
  return withLists(call.door, async (lists, _settings, server) => {
    const list = findList(call.door, lists, call.text('list') ?? '');
    if (isComplaint(list)) return list;
    const wanted = await readWanted(call);
    return isComplaint(wanted) ? wanted : changeList(call, list, server, wanted, change);
  });
}

async function readWanted(call: Call): Promise<Wanted | Complaint> {
  const [first, ...others] = call.texts('addresses');
  const role = first !== undefined && isRole(first) ? first : 'subscriber';
  const texts = first === undefined || isRole(first) ? others : [first, ...others];
  if (texts.length > 0) return { role, lines: () => texts.map((text, at) => ({ number: at + 1, text })) };
  const input = await readInput(call.door, 'addresses, one per line,');
  return isComplaint(input) ? input : { role, lines: () => linesOf(input) };
}

async function changeList(
  call: Call,
  list: List,
  server: Suppressions,
  wanted: Wanted,
  change: Change,
): Promise<Ending> {
  const { good, bad } = checkAll(call.door, wanted);
  if (bad > 0 && !call.flag('skip-bad')) {
    return complaint(
      exit.badInput,
      `${bad} of ${good + bad} addresses are bad; nothing was changed`,
      'correct them, or go on with the good ones by --skip-bad',
    );
  }
  const isDry = call.flag('dry-run');
  const nothing = { changed: 0, suppressed: 0 };
  const result = isDry || good === 0 ? nothing : await changeAll(call.door, list, server, wanted, change, good);
  if (result.changed > 0) await tellDaemon(call.door);
  await report(call, { list: list.name.address, role: wanted.role, change, good, bad, isDry, ...result });
  return exit.done;
}

function checkAll(door: Door, wanted: Wanted): { good: number; bad: number } {
  let good = 0;
  let bad = 0;
  for (const line of wanted.lines()) {
    if (parseMember(wanted.role, line.text)) good++;
    else {
      bad++;
      door.say(`line ${line.number}: "${shown(line.text.slice(0, 300))}" is not an address`);
    }
    if ((good + bad) % 20_000 === 0) door.progress?.(`checked ${good + bad}`);
  }
  return { good, bad };
}

async function changeAll(
  door: Door,
  list: List,
  server: Suppressions,
  wanted: Wanted,
  change: Change,
  all: number,
): Promise<{ changed: number; suppressed: number }> {
  const cause: Cause = { id: idMaker(door.clock)(), tag: 'manual', at: door.clock.now() };
  const getsMail = change === 'add' && (wanted.role === 'subscriber' || wanted.role === 'digest');
  let changed = 0;
  let suppressed = 0;
  let done = 0;
  for (const addresses of batches(wanted)) {
    const some = getsMail ? await unsuppressed(addresses, list.suppressions, server) : addresses;
    suppressed += addresses.length - some.length;
    changed += await list.store[change](wanted.role, some, cause);
    done += addresses.length;
    door.progress?.(`${done} of ${all} (${Math.floor((done * 100) / all)} %)`);
  }
  door.progress?.('');
  return { changed, suppressed };
}

// The lines were checked before; parsing them again costs less than keeping a million addresses.
function* batches(wanted: Wanted): Generator<Address[]> {
  let addresses: Address[] = [];
  for (const line of wanted.lines()) {
    const address = parseMember(wanted.role, line.text);
    if (address) addresses.push(address);
    if (addresses.length < batch) continue;
    yield addresses;
    addresses = [];
  }
  if (addresses.length > 0) yield addresses;
}

interface Report {
  readonly list: string;
  readonly role: Role;
  readonly change: Change;
  readonly good: number;
  readonly changed: number;
  /** On a suppression list: left out. */
  readonly suppressed: number;
  readonly bad: number;
  readonly isDry: boolean;
}

async function report(call: Call, told: Report): Promise<void> {
  const { list, role, change, good, changed, suppressed, bad, isDry } = told;
  const word = change === 'add' ? 'added' : 'removed';
  const unchanged = good - changed - suppressed;
  if (call.flag('json')) {
    return printJson(call.door, {
      list,
      role,
      [word]: changed,
      unchanged: isDry ? 0 : unchanged,
      suppressed,
      bad,
      dryRun: isDry,
    });
  }
  const whose = role === 'subscriber' ? list : `${list} (${role})`;
  if (isDry) return call.door.say(`would have ${word} ${good} at ${whose}; nothing was changed`);
  const others =
    unchanged === 0 ? '' : change === 'add' ? `, ${unchanged} were there already` : `, ${unchanged} were not there`;
  const left = suppressed === 0 ? '' : `, ${suppressed} suppressed ones left out (see "ezlm suppress")`;
  call.door.say(`${changed} ${word} at ${whose}${others}${left}${bad === 0 ? '' : `, ${bad} bad ones left out`}`);
}
