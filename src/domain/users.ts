import { changeTime, readIfExists, writeDurable } from '../lib/files.ts';
import { withFileLock } from '../lib/lock.ts';
import { checkSetting, type SettingRow, type ValuesOf, withInitial } from '../lib/settings.ts';
import { canonicalOf, parseAddress, parseDomain } from '../mail/address.ts';
import { type Failure, failed, permanent, type Result, success } from '../mail/failure.ts';
import { hashProblem } from './password.ts';

function senders(values: readonly string[]): string | undefined {
  const wrong = values.find((value) => !parseAddress(value) && !(value.startsWith('@') && parseDomain(value.slice(1))));
  return wrong === undefined
    ? undefined
    : `"${wrong}" must be an address, or @example.org for every address of a domain`;
}

const perHour = { type: 'number', least: 1, most: 1_000_000, unit: 'per hour' } as const;
const perDay = { type: 'number', least: 1, most: 10_000_000, unit: 'per day' } as const;

/** What may be set of a user. */
export const userSettingRows = [
  {
    name: 'senders',
    type: 'texts',
    initial: [],
    most: 254,
    check: senders,
    meaning: 'addresses that may be sent from besides the own one; @example.org is every address of a domain',
  },
  { ...perHour, name: 'messagesPerHour', initial: 100, meaning: 'messages that are taken in an hour' },
  { ...perDay, name: 'messagesPerDay', initial: 500, meaning: 'messages that are taken in a day' },
  { ...perHour, name: 'recipientsPerHour', initial: 500, meaning: 'recipients in an hour; a list is one' },
  { ...perDay, name: 'recipientsPerDay', initial: 2_000, meaning: 'recipients in a day; a list is one' },
] as const satisfies readonly SettingRow[];

/** Somebody who may hand in mail with a password. Frozen. */
export interface User extends ValuesOf<typeof userSettingRows> {
  /** Their address in its canonical form: what they log in with. */
  readonly name: string;
  /** See `password.ts`. */
  readonly password: string;
}

const passwordRow: SettingRow = {
  name: 'password',
  type: 'text',
  initial: '',
  most: 200,
  check: hashProblem,
  meaning: 'the hash of the password',
};
const rows: readonly SettingRow[] = [passwordRow, ...userSettingRows];

/** True when the user may send mail with this address as the sender or author. */
export function maySendAs({ name, senders: allowed }: User, address: string): boolean {
  const canonical = canonicalOf(address);
  if (canonical === name) return true;
  const domain = canonical.slice(canonical.lastIndexOf('@'));
  return allowed.some((one) => [canonical, domain].includes(canonicalOf(one)));
}

/** The users of a home by name, read again when the file has changed. A file with a mistake is a failure: whom it lets in is not guessed. */
export class UsersFile {
  readonly #path: string;
  #changed: number | undefined;
  #read: Result<ReadonlyMap<string, User>> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async users(): Promise<Result<ReadonlyMap<string, User>>> {
    const changed = await changeTime(this.#path);
    if (this.#read && changed === this.#changed) return this.#read;
    this.#changed = changed;
    this.#read = await readUsers(this.#path);
    return this.#read;
  }
}

/** Reads the users; none when there is no file. */
export async function readUsers(path: string): Promise<Result<ReadonlyMap<string, User>>> {
  const text = (await readIfExists(path))?.toString('utf8');
  return text === undefined ? success(new Map()) : parseUsers(text);
}

/** Changes the users under a lock on what the file says at that moment. Nothing is written when `change` gives a failure. */
export async function changeUsers(
  path: string,
  change: (users: Map<string, User>) => Failure | undefined,
): Promise<Failure | undefined> {
  return withFileLock(`${path}.lock`, async () => {
    const read = await readUsers(path);
    if (!read.ok) return read.failure;
    const users = new Map(read.value);
    const failure = change(users);
    if (failure) return failure;
    const sorted = [...users]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { name: _, ...rest }]) => [name, rest]);
    // Hashes are nobody else's business.
    await writeDurable(path, `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`, 0o600);
    return undefined;
  });
}

function parseUsers(text: string): Result<ReadonlyMap<string, User>> {
  const users = new Map<string, User>();
  const parsed = parseObject(text);
  if (!parsed) return failed(permanent('5.3.5', 'the file of users is not a JSON object'));
  for (const [name, given] of Object.entries(parsed)) {
    const problem = userProblem(name, given);
    if (problem !== undefined) return failed(permanent('5.3.5', `the file of users: ${name}: ${problem}`));
    users.set(
      name,
      Object.freeze({ ...(withInitial(rows, given as Record<string, unknown>) as unknown as User), name }),
    );
  }
  return success(users);
}

function parseObject(text: string): object | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function userProblem(name: string, given: unknown): string | undefined {
  if (parseAddress(name)?.canonical !== name) return 'is not a mail address in lower case';
  if (typeof given !== 'object' || given === null || !('password' in given)) return 'has no password';
  for (const [key, value] of Object.entries(given)) {
    const row = rows.find((candidate) => candidate.name === key);
    const wrong = row ? checkSetting(row, value) : 'there is no such setting';
    if (wrong !== undefined) return `${key}: ${wrong}`;
  }
  return undefined;
}
