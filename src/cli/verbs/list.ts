import { type Call, type Ending, exit, isComplaint, printJson, shown } from '../door.ts';
import { isRole } from '../input.ts';
import { findList } from '../list-argument.ts';
import { withLists } from '../open.ts';

/** Prints the addresses of a list in a role, or how many there are. */
export function run(call: Call): Promise<Ending> {
  const { door } = call;
  const role = call.text('role') ?? 'subscriber';
  return withLists(door, async (lists) => {
    const list = findList(door, lists, call.text('list') ?? '');
    if (isComplaint(list)) return list;
    if (!isRole(role)) throw new Error(`the table of verbs let a wrong role through: ${role}`);
    if (call.flag('number')) {
      const count = await list.store.count(role);
      await (call.flag('json') ? printJson(door, { list: list.name.address, role, count }) : door.print(`${count}\n`));
      return exit.done;
    }
    const line = call.flag('json') ? (address: string) => JSON.stringify({ address, role }) : shown;
    for await (const addresses of list.store.addresses(role)) {
      await door.print(addresses.map((address) => `${line(address)}\n`).join(''));
    }
    return exit.done;
  });
}
