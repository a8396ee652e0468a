import { type Call, complaint, type Ending, exit, isComplaint, printJson } from '../door.ts';
import { isRole, parseMember } from '../input.ts';
import { findList } from '../list-argument.ts';
import { withLists } from '../open.ts';

/** Asks whether an address is on a list: 0 when it is, 99 when not. */
export function run(call: Call): Promise<Ending> {
  const text = call.text('role') ?? 'subscriber';
  const role = isRole(text) ? text : 'subscriber';
  return withLists(call.door, async (lists) => {
    const list = findList(call.door, lists, call.text('list') ?? '');
    if (isComplaint(list)) return list;
    const address = parseMember(role, call.text('address') ?? '');
    if (!address) {
      return complaint(
        exit.badInput,
        `"${call.text('address') ?? ''}" is not an address`,
        'write it as bob@example.net',
      );
    }
    const isMember = (await list.store.rolesOf(address.canonical)).includes(role);
    if (call.flag('json'))
      await printJson(call.door, { list: list.name.address, address: address.text, role, isMember });
    return isMember ? exit.done : exit.notMember;
  });
}
