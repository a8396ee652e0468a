import { setImmediate as turn } from 'node:timers/promises';
import type { Role } from '../../src/list/name.ts';
import { packMembers } from '../../src/list/packed.ts';
import type { Cause } from '../../src/list/cause.ts';
import type {
  Cursor,
  ListStore,
  LogLine,
  Member,
  MemberPage,
  NewPost,
  PostRecord,
  Request,
  RequestAction,
} from '../../src/list/store.ts';
import { type Address, canonicalOf } from '../../src/mail/address.ts';
import { MemoryBounces } from './memory-bounces.ts';

interface Row extends Member {
  readonly domain: string;
  readonly canonical: string;
  readonly addedBy: string;
  removedBy?: string;
}

/** A list in memory that answers every call in a later turn of the event loop, as a database over a network would. */
export class MemoryList extends MemoryBounces implements ListStore {
  readonly #rows: Row[] = [];
  /** Members and tombstones by role and canonical address. */
  readonly #byAddress = new Map<string, Row[]>();
  readonly #requests: (Request & { readonly canonical: string; readonly cause: string; usedBy?: string })[] = [];
  readonly #posts: PostRecord[] = [];
  readonly #log: LogLine[] = [];
  readonly #noted = new Set<string>();
  #settings: string | undefined;

  async add(role: Role, addresses: readonly Address[], cause: Cause): Promise<number> {
    await turn();
    const counted = new Set<string>();
    for (const { text, canonical, domain } of addresses) {
      const same = this.#same(role, canonical);
      if (same.some((row) => row.addedBy === cause.id)) counted.add(canonical);
      if (same.some((row) => row.removedBy === undefined || row.addedBy === cause.id)) continue;
      const id = this.#rows.length + 1;
      const row: Row = { id, role, address: text, canonical, domain, since: cause.at, addedBy: cause.id };
      this.#rows.push(row);
      same.push(row);
      this.#write(`+${cause.tag}`, role, text, cause);
      counted.add(canonical);
    }
    return counted.size;
  }

  async remove(role: Role, addresses: readonly Address[], cause: Cause): Promise<number> {
    await turn();
    const counted = new Set<string>();
    for (const { canonical } of addresses) {
      const same = this.#same(role, canonical);
      const here = same.find((row) => row.removedBy === undefined);
      const wasDone = same.some((row) => row.removedBy === cause.id);
      if (wasDone) counted.add(canonical);
      if (wasDone || !here) continue;
      this.end(here, cause);
      counted.add(canonical);
    }
    return counted.size;
  }

  async rolesOf(canonical: string): Promise<Role[]> {
    await turn();
    const wildcard = canonical.slice(canonical.lastIndexOf('@'));
    const found = this.#members().filter((row) => row.canonical === canonical || row.canonical === wildcard);
    return [...new Set(found.map((row) => row.role))];
  }

  async memberOf(role: Role, canonical: string): Promise<Member | undefined> {
    await turn();
    const found = this.#members().find((row) => row.role === role && row.canonical === canonical);
    return found && memberOf(found);
  }

  async memberById(id: number): Promise<(Member & { isGone: boolean }) | undefined> {
    await turn();
    const found = this.#rows[id - 1];
    return found && { ...memberOf(found), isGone: found.removedBy !== undefined };
  }

  async count(role: Role): Promise<number> {
    await turn();
    return this.#members().filter((row) => row.role === role).length;
  }

  async *addresses(role: Role): AsyncIterable<string[]> {
    await turn();
    const all = this.#inOrder(role).map((row) => row.address);
    for (let from = 0; from < all.length; from += 1_000) yield all.slice(from, from + 1_000);
  }

  async page(role: Role, after: Cursor | undefined, lastMember: number, limit: number): Promise<MemberPage> {
    await turn();
    const rest = this.#inOrder(role).filter((row) => !after || isBehind(row, after));
    const rows = rest.slice(0, limit);
    const first = rows.filter((row) => row.domain === rows[0]?.domain);
    const taken = first.length < rows.length && first.length >= limit / 2 ? first : rows;
    const members = taken.filter(
      (row) => row.id <= lastMember && !row.address.startsWith('@') && !this.isSuspended(row.id),
    );
    const domains = new Set(members.map((row) => row.domain));
    const last = taken.at(-1);
    return {
      packed: packMembers(members.map(({ id, address }) => ({ member: id, address }))),
      count: members.length,
      domain: domains.size === 1 ? members[0]!.domain : '',
      cursor: last && taken.length < rest.length ? { domain: last.domain, address: last.address } : undefined,
    };
  }

  async openRequest(
    request: Omit<Request, 'id' | 'used'>,
    cause: Cause,
  ): Promise<{ request: Request; isNew: boolean }> {
    await turn();
    const canonical = canonicalOf(request.address);
    const open = this.#requests.findLast(
      (row) =>
        row.action === request.action &&
        row.role === request.role &&
        row.canonical === canonical &&
        ((row.used === undefined && row.expires > cause.at) || row.cause === cause.id),
    );
    if (open) return { request: requestOf(open), isNew: open.cause === cause.id };
    const made = { ...request, id: this.#requests.length + 1, canonical, cause: cause.id };
    this.#requests.push(made);
    return { request: requestOf(made), isNew: true };
  }

  async requestById(id: number): Promise<Request | undefined> {
    await turn();
    const found = this.#requests[id - 1];
    return found && requestOf(found);
  }

  async requestByNonce(
    action: RequestAction,
    role: Role,
    canonical: string,
    nonce: number,
  ): Promise<Request | undefined> {
    await turn();
    const found = this.#requests.find(
      (row) => row.action === action && row.role === role && row.canonical === canonical && row.nonce === nonce,
    );
    return found && requestOf(found);
  }

  async useRequest(id: number, cause: Cause): Promise<boolean> {
    await turn();
    const found = this.#requests[id - 1];
    if (!found || (found.used !== undefined && found.usedBy !== cause.id)) return false;
    this.#requests[id - 1] = { ...found, used: cause.at, usedBy: cause.id };
    return true;
  }

  async closeRequests(canonical: string, cause: Cause): Promise<number> {
    await turn();
    const open = this.#requests.filter((row) => row.canonical === canonical && row.used === undefined);
    for (const row of open) this.#requests[row.id - 1] = { ...row, used: cause.at, usedBy: cause.id };
    return open.length;
  }

  async nextPost(cause: string): Promise<{ number: number; record?: PostRecord }> {
    await turn();
    const record = this.#posts.find((post) => post.cause === cause);
    return record ? { number: record.number, record } : { number: (this.#posts.at(-1)?.number ?? 0) + 1 };
  }

  async recordPost(post: NewPost): Promise<PostRecord> {
    await turn();
    const known = this.#posts.find((one) => one.cause === post.cause);
    if (known) return known;
    const record = { ...post, lastMember: this.#rows.length };
    this.#posts.push(record);
    return record;
  }

  async postByNumber(number: number): Promise<PostRecord | undefined> {
    await turn();
    return this.#posts.find((post) => post.number === number);
  }

  async lastPost(): Promise<number> {
    await turn();
    return this.#posts.at(-1)?.number ?? 0;
  }

  async note(line: LogLine, cause: string): Promise<void> {
    await turn();
    const key = JSON.stringify([cause, line.event, line.role, line.address.toLowerCase()]);
    if (!this.#noted.has(key)) this.#log.push(line);
    this.#noted.add(key);
  }

  async *log(): AsyncIterable<LogLine[]> {
    await turn();
    for (let from = 0; from < this.#log.length; from += 1_000) yield this.#log.slice(from, from + 1_000);
  }

  async lastGoodSettings(): Promise<string | undefined> {
    await turn();
    return this.#settings;
  }

  async keepSettings(text: string): Promise<void> {
    await turn();
    this.#settings = text;
  }

  protected present(id: number): Member | undefined {
    const found = this.#rows[id - 1];
    return found && found.removedBy === undefined ? memberOf(found) : undefined;
  }

  protected presentAs(role: 'subscriber' | 'digest', canonical: string): Member | undefined {
    const found = this.#members().find((row) => row.role === role && row.canonical === canonical);
    return found && memberOf(found);
  }

  protected end({ id, role, address }: Member, cause: Cause): void {
    this.#rows[id - 1]!.removedBy = cause.id;
    this.forgetStanding(id);
    this.#write(`-${cause.tag}`, role, address, cause);
  }

  protected line(line: LogLine): void {
    this.#log.push(line);
  }

  protected lines(): readonly LogLine[] {
    return this.#log;
  }

  protected post(number: number): PostRecord | undefined {
    return this.#posts.find((post) => post.number === number);
  }

  #same(role: Role, canonical: string): Row[] {
    const key = `${role} ${canonical}`;
    const known = this.#byAddress.get(key) ?? [];
    this.#byAddress.set(key, known);
    return known;
  }

  #members(): Row[] {
    return this.#rows.filter((row) => row.removedBy === undefined);
  }

  #inOrder(role: Role): Row[] {
    const all = this.#members().filter((row) => row.role === role);
    return all.toSorted((a, b) => (isBehind(a, { domain: b.domain, address: b.address }) ? 1 : -1));
  }

  #write(event: string, role: Role, address: string, cause: Cause): void {
    this.#log.push({ at: cause.at, event, role, address, note: cause.note ?? '' });
  }
}

function isBehind(row: Row, { domain, address }: Cursor): boolean {
  return row.domain === domain ? row.canonical > canonicalOf(address) : row.domain > domain;
}

function memberOf({ id, role, address, since }: Row): Member {
  return { id, role, address, since };
}

function requestOf({ id, action, role, address, expires, nonce, used }: Request): Request {
  return { id, action, role, address, expires, nonce, ...(used === undefined ? {} : { used }) };
}
