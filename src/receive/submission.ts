import { isPassword, passwordOctetsMost } from '../domain/password.ts';
import { maySendAs, type User } from '../domain/users.ts';
import type { Clock } from '../lib/clock.ts';
import { parseHeader, valuesOf } from '../mail/header.ts';
import { canonicalOf, parseAddress } from '../mail/address.ts';
import { failed, type Failure, permanent, type Result, success, temporary } from '../mail/failure.ts';
import { Attempts } from './attempts.ts';
import { Quota } from './quota.ts';

/** What a client names itself with. */
export interface Credentials {
  readonly name: string;
  readonly password: string;
  /** Where it comes from. */
  readonly address: string;
}

/** Passwords that are hashed at a time: each takes 32 MiB and a thread that the disk also needs. */
const hashesMost = 2;
/** How many wait for their turn. */
const waitingMost = 50;

/** Decides who may hand in mail, how much, and as whom. One for all ports. */
export class Submission {
  readonly #users: () => Promise<Result<ReadonlyMap<string, User>>>;
  readonly #clock: Clock;
  readonly #attempts: Attempts;
  readonly #quota: Quota;
  readonly #waiting: (() => void)[] = [];
  #hashing = 0;

  constructor(users: () => Promise<Result<ReadonlyMap<string, User>>>, clock: Clock) {
    this.#users = users;
    this.#clock = clock;
    this.#attempts = new Attempts(() => clock.now());
    this.#quota = new Quota(() => clock.now());
  }

  /** The user with this password. `4.7.0` is our trouble or too many attempts, `5.7.8` a wrong name or password. */
  async authenticate({ name, password, address }: Credentials): Promise<Result<User>> {
    if (!this.#attempts.begin(address)) return failed(temporary('4.7.0', 'too many wrong passwords; try again later'));
    const users = await this.#users();
    const user = users.ok ? users.value.get(canonicalOf(name)) : undefined;
    const isRight =
      users.ok && Buffer.byteLength(password) <= passwordOctetsMost && (await this.#isRight(password, user));
    if (!users.ok || isRight !== false) this.#attempts.right(address);
    if (!users.ok) return failed(temporary('4.7.0', 'local trouble; try again later', users.failure.text));
    if (isRight === undefined) return failed(temporary('4.7.0', 'busy; try again later'));
    if (isRight && user) return success(user);
    await this.#clock.sleep(this.#attempts.delay(address));
    return failed(permanent('5.7.8', 'wrong name or password'));
  }

  /** Counts a message that is whole, and looks at its From; a failure when it may not be taken. */
  judge(user: User, message: Buffer, recipients: number): Failure | undefined {
    const from = valuesOf(parseHeader(message), 'from');
    const author = from.length === 1 ? authorOf(from[0]!) : undefined;
    if (author === undefined) return permanent('5.6.0', 'a message that is handed in has one From with one address');
    if (!maySendAs(user, author)) return permanent('5.7.1', 'you may not send mail from the address in From');
    return this.#quota.take(user, recipients);
  }

  async #isRight(password: string, user: User | undefined): Promise<boolean | undefined> {
    if (this.#hashing >= hashesMost) {
      if (this.#waiting.length >= waitingMost) return undefined;
      // Whoever ends leaves its place to the next.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#hashing++;
    try {
      return await isPassword(password, user?.password);
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#hashing--;
    }
  }
}

/** The only address of a From; undefined when there are several, a group, or a form that two readers may read differently. */
function authorOf(value: string): string | undefined {
  const text = value.trim();
  const at = text.endsWith('>') ? text.lastIndexOf('<') : -1;
  const [name, address] = at < 0 ? ['', text] : [text.slice(0, at).trim(), text.slice(at + 1, -1)];
  const isName = /^"(?:[^"\\]|\\.)*"$/.test(name) || !/["<>(),:;@\\[\]]/.test(name);
  return isName ? parseAddress(address)?.canonical : undefined;
}
