import { hashPassword, passwordOctetsMost } from '../../domain/password.ts';
import { changeUsers, readUsers, type User, userSettingRows } from '../../domain/users.ts';
import { homePaths } from '../../home.ts';
import { withInitial } from '../../lib/settings.ts';
import { parseAddress } from '../../mail/address.ts';
import { type Failure, permanent } from '../../mail/failure.ts';
import { type Call, type Complaint, complaint, type Ending, exit, isComplaint, printJson } from '../door.ts';
import { linesOf, readInput } from '../input.ts';
import { readHome } from '../open.ts';
import { readSettingWords } from '../setting-words.ts';

/** Octets of a password at the least: NIST SP 800-63B §5.1.1.2 has 8 characters. */
const passwordOctetsLeast = 8;

/** Shows or changes who may hand in mail with a password. */
export async function run(call: Call): Promise<Ending> {
  const settings = await readHome(call.door);
  if (isComplaint(settings)) return settings;
  const action = call.text('action') ?? 'list';
  if (action === 'list') return list(call);
  const name = parseAddress(call.text('address') ?? '')?.canonical;
  if (name === undefined)
    return complaint(exit.usage, 'the address of the user is missing or cannot be one', 'see "ezlm user --help"');
  if (action === 'add') return add(call, name);
  return action === 'remove' ? remove(call, name) : password(call, name);
}

async function list(call: Call): Promise<Ending> {
  const read = await readUsers(homePaths(call.door.home).users);
  if (!read.ok) return broken(call, read.failure);
  for (const user of read.value.values()) {
    // JSON passes over what is undefined.
    if (call.flag('json')) await printJson(call.door, { ...user, password: undefined });
    else await call.door.print(`${user.name}${user.senders.length > 0 ? ` also ${user.senders.join(', ')}` : ''}\n`);
  }
  return exit.done;
}

async function add(call: Call, name: string): Promise<Ending> {
  const given = readSettingWords(userSettingRows, call.texts('settings'));
  if (isComplaint(given)) return given;
  const hash = await readHash(call);
  if (typeof hash !== 'string') return hash;
  const user = { ...withInitial(userSettingRows, given), name, password: hash };
  return change(call, `may hand in mail: ${name}`, (users) => {
    if (users.has(name)) return permanent('5.1.0', `${name} is a user already; nothing was changed`);
    users.set(name, user);
    return undefined;
  });
}

async function remove(call: Call, name: string): Promise<Ending> {
  return change(call, `may hand in no more mail: ${name}`, (users) =>
    users.delete(name) ? undefined : permanent('5.1.0', `${name} is no user; nothing was changed`),
  );
}

async function password(call: Call, name: string): Promise<Ending> {
  const hash = await readHash(call);
  if (typeof hash !== 'string') return hash;
  return change(call, `has another password: ${name}`, (users) => {
    const user = users.get(name);
    if (!user) return permanent('5.1.0', `${name} is no user; nothing was changed`);
    users.set(name, { ...user, password: hash });
    return undefined;
  });
}

async function change(
  call: Call,
  done: string,
  make: (users: Map<string, User>) => Failure | undefined,
): Promise<Ending> {
  const { door } = call;
  const path = homePaths(door.home).users;
  const isDry = call.flag('dry-run');
  const failure = isDry ? await tried(path, make) : await changeUsers(path, make);
  if (failure?.status === '5.1.0') return complaint(exit.noInput, failure.text, '"ezlm user list" shows the users');
  if (failure) return broken(call, failure);
  door.say(isDry ? `would be so: ${done}; nothing was changed` : done);
  return exit.done;
}

async function tried(
  path: string,
  make: (users: Map<string, User>) => Failure | undefined,
): Promise<Failure | undefined> {
  const read = await readUsers(path);
  return read.ok ? make(new Map(read.value)) : read.failure;
}

// Never an argument: those are seen by every user of the machine.
async function readHash({ door }: Call): Promise<string | Complaint> {
  const input = await readInput(door, 'the password (a line)');
  if (isComplaint(input)) return input;
  const text = [...linesOf(input.subarray(0, 2 * passwordOctetsMost))].at(0)?.text ?? '';
  const octets = Buffer.byteLength(text);
  if (octets < passwordOctetsLeast || octets > passwordOctetsMost || /[\u0000-\u001f\u007f]/.test(text)) {
    return complaint(
      exit.badInput,
      `a password has ${passwordOctetsLeast} to ${passwordOctetsMost} octets and no control characters`,
      'give it as one line of standard input',
    );
  }
  return hashPassword(text);
}

function broken({ door }: Call, { text }: Failure): Complaint {
  return complaint(exit.settings, text, `correct ${homePaths(door.home).users}`);
}
