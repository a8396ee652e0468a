import { idMaker } from '../../lib/ids.ts';
import type { List } from '../../list/list.ts';
import type { Suppressed } from '../../list/suppression-operations.ts';
import type { Suppressions } from '../../list/suppressions.ts';
import { type Address, parseAddress } from '../../mail/address.ts';
import {
  type Call,
  type Complaint,
  complaint,
  type Ending,
  exit,
  isComplaint,
  printJson,
  shown,
  timeText,
} from '../door.ts';
import { linesOf, readInput } from '../input.ts';
import { findList } from '../list-argument.ts';
import { withLists } from '../open.ts';

type Action = 'add' | 'lift' | 'erase';

const done: Readonly<Record<Action, string>> = { add: 'suppressed', lift: 'lifted', erase: 'erased' };

/** Shows or changes the suppression list of a list, or of the server. */
export async function run(call: Call): Promise<Ending> {
  const action = call.text('action') ?? 'list';
  return withLists(call.door, async (lists, _settings, server) => {
    const named = call.text('list');
    const list = named === undefined ? undefined : findList(call.door, lists, named);
    if (isComplaint(list)) return list;
    const suppressions = list?.suppressions ?? server;
    if (action === 'list') return show(call, suppressions);
    const addresses = await readAddresses(call);
    if (isComplaint(addresses)) return addresses;
    const concerned = list ? [list] : [...lists.all()].map((name) => lists.open(name));
    return change(call, action as Action, addresses, suppressions, concerned);
  });
}

async function show(call: Call, suppressions: Suppressions): Promise<Ending> {
  for await (const page of suppressions.all()) for (const one of page) await printOne(call, one);
  return exit.done;
}

function printOne(call: Call, { address, hash, why, at }: Suppressed): Promise<void> {
  if (call.flag('json')) return printJson(call.door, { address, hash, why, at: timeText(at) });
  return call.door.print(`${[timeText(at), address || `(erased, ${hash})`, why].map(shown).join(' ')}\n`);
}

async function readAddresses(call: Call): Promise<readonly Address[] | Complaint> {
  const given = call.texts('addresses');
  const input =
    given.length > 0 ? Buffer.from(given.join('\n')) : await readInput(call.door, 'addresses, one per line,');
  if (isComplaint(input)) return input;
  const addresses: Address[] = [];
  for (const { text } of linesOf(input)) {
    const address = parseAddress(text);
    if (!address) {
      const wrong = shown(text.slice(0, 300));
      return complaint(exit.badInput, `"${wrong}" is not an address`, 'nothing was changed; correct it');
    }
    addresses.push(address);
  }
  return addresses;
}

async function change(
  call: Call,
  action: Action,
  addresses: readonly Address[],
  suppressions: Suppressions,
  concerned: readonly List[],
): Promise<Ending> {
  const isDry = call.flag('dry-run');
  let changed = 0;
  for (const address of isDry ? [] : addresses)
    if (await changeOne(call, action, address, suppressions, concerned)) changed++;
  const counts = { action, addresses: addresses.length, changed, dryRun: isDry };
  if (call.flag('json')) await printJson(call.door, counts);
  else if (isDry) call.door.say(`${addresses.length} would be ${done[action]}; nothing was changed`);
  else call.door.say(`${changed} of ${addresses.length} ${done[action]}`);
  return isDry || changed === addresses.length ? exit.done : exit.noInput;
}

async function changeOne(
  { door }: Call,
  action: Action,
  { canonical, text }: Address,
  suppressions: Suppressions,
  concerned: readonly List[],
): Promise<boolean> {
  if (action === 'lift') return suppressions.lift(canonical);
  const cause = { id: idMaker(door.clock)(), tag: 'suppressed', at: door.clock.now() };
  if (action === 'erase') {
    let isFound = await suppressions.erase(canonical);
    for (const { store, suppressions: own } of concerned) {
      await store.eraseBounces(canonical);
      isFound = (await own.erase(canonical)) || isFound;
    }
    return isFound;
  }
  const isNew = (await suppressions.add([{ canonical, address: text, why: 'manual' }], cause.at)) > 0;
  const address = parseAddress(text)!;
  for (const { store } of concerned) {
    await store.remove('subscriber', [address], { ...cause, id: `${cause.id}:s` });
    await store.remove('digest', [address], { ...cause, id: `${cause.id}:d` });
  }
  return isNew;
}
