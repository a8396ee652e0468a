import { callsOf, type Calls, type Storage } from '../lib/storage.ts';
import { type Address, canonicalOf } from '../mail/address.ts';
import type {
  Bounce,
  BounceNews,
  BounceRules,
  BounceSummary,
  KeptBounce,
  MemberStanding,
  NewBounce,
  PolicyAlarm,
  TakenStep,
} from './bounce-store.ts';
import type { listEngine } from './engine.ts';
import type { LadderRules } from './ladder.ts';
import type { AddressRows } from './member-operations.ts';
import type { Role } from './name.ts';
import type { Cause } from './cause.ts';
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
} from './store.ts';

const pageSize = 1_000;
/** Sorts before every address. */
const beginning: Cursor = Object.freeze({ domain: '', address: '' });

/** The store of one list over its list.db. The file is opened with the first call. */
export function sqliteList(storage: Storage, file: string): ListStore {
  return new SqliteList(callsOf(storage, file, 'list'));
}

class SqliteList implements ListStore {
  readonly #list: Calls<typeof listEngine>;

  constructor(list: Calls<typeof listEngine>) {
    this.#list = list;
  }

  add(role: Role, addresses: readonly Address[], cause: Cause): Promise<number> {
    return this.#list('add', { role, rows: rowsOf(addresses), count: addresses.length, cause });
  }

  remove(role: Role, addresses: readonly Address[], cause: Cause): Promise<number> {
    return this.#list('remove', { role, rows: rowsOf(addresses), cause });
  }

  rolesOf(canonical: string): Promise<Role[]> {
    return this.#list('rolesOf', { canonical });
  }

  memberOf(role: Role, canonical: string): Promise<Member | undefined> {
    return this.#list('memberOf', { role, canonical });
  }

  memberById(id: number): Promise<(Member & { readonly isGone: boolean }) | undefined> {
    return this.#list('memberById', { id });
  }

  count(role: Role): Promise<number> {
    return this.#list('count', { role });
  }

  async *addresses(role: Role): AsyncIterable<string[]> {
    let after = beginning;
    for (;;) {
      const page = await this.#list('addresses', { role, after, limit: pageSize });
      if (page.length > 0) yield page.map((row) => row.address);
      const last = page.at(-1);
      if (!last || page.length < pageSize) return;
      after = last;
    }
  }

  page(role: Role, after: Cursor | undefined, lastMember: number, limit: number): Promise<MemberPage> {
    return this.#list('page', { role, after: after ?? beginning, lastMember, limit });
  }

  openRequest(request: Omit<Request, 'id' | 'used'>, cause: Cause): Promise<{ request: Request; isNew: boolean }> {
    return this.#list('openRequest', { request, canonical: canonicalOf(request.address), cause });
  }

  requestById(id: number): Promise<Request | undefined> {
    return this.#list('requestById', { id });
  }

  requestByNonce(action: RequestAction, role: Role, canonical: string, nonce: number): Promise<Request | undefined> {
    return this.#list('requestByNonce', { action, role, canonical, nonce });
  }

  useRequest(id: number, cause: Cause): Promise<boolean> {
    return this.#list('useRequest', { id, cause });
  }

  closeRequests(canonical: string, cause: Cause): Promise<number> {
    return this.#list('closeRequests', { canonical, cause });
  }

  nextPost(cause: string): Promise<{ number: number; record?: PostRecord }> {
    return this.#list('nextPost', { cause });
  }

  recordPost(post: NewPost): Promise<PostRecord> {
    return this.#list('recordPost', post);
  }

  postByNumber(number: number): Promise<PostRecord | undefined> {
    return this.#list('postByNumber', { number });
  }

  lastPost(): Promise<number> {
    return this.#list('lastPost', undefined);
  }

  recordBounces(bounces: readonly NewBounce[], rules: BounceRules): Promise<BounceNews> {
    return this.#list('recordBounces', { bounces, rules });
  }

  complain(bounce: Bounce, cause: Cause): Promise<number> {
    const canonical = canonicalOf(bounce.address);
    const address = storedText({ text: bounce.address, canonical });
    return this.#list('complain', { bounce: { ...bounce, address }, canonical, cause });
  }

  bounces(limit: number, canonical?: string): Promise<KeptBounce[]> {
    return this.#list('bounces', { limit, canonical: canonical ?? null });
  }

  async evidence(bounce: number): Promise<Buffer | undefined> {
    const message = await this.#list('evidence', { bounce });
    return message && Buffer.from(message);
  }

  async *standings(canonical?: string): AsyncIterable<MemberStanding[]> {
    let after = 0;
    for (;;) {
      const page = await this.#list('standings', { after, canonical: canonical ?? null, limit: pageSize });
      if (page.length > 0) yield page;
      if (page.length < pageSize) return;
      after = page.at(-1)!.member;
    }
  }

  resetStanding(member: number, cause: Cause): Promise<boolean> {
    return this.#list('resetStanding', { member, cause });
  }

  takeSteps(now: number, rules: LadderRules, limit: number): Promise<{ steps: TakenStep[]; recovered: number }> {
    return this.#list('takeSteps', { now, rules, limit });
  }

  async stepsSent(steps: readonly TakenStep[]): Promise<void> {
    await this.#list('stepsSent', { members: steps.map(({ member }) => member) });
  }

  nextStep(): Promise<number | undefined> {
    return this.#list('nextStep', undefined);
  }

  openAlarm(): Promise<PolicyAlarm | undefined> {
    return this.#list('openAlarm', undefined);
  }

  async alarmTold(): Promise<void> {
    await this.#list('alarmTold', undefined);
  }

  bounceSummary(from: number, to: number): Promise<BounceSummary> {
    return this.#list('bounceSummary', { from, to });
  }

  lastSummary(): Promise<number | undefined> {
    return this.#list('lastSummary', undefined);
  }

  async summaryTold(at: number): Promise<void> {
    await this.#list('summaryTold', { at });
  }

  async eraseBounces(canonical: string): Promise<void> {
    await this.#list('eraseBounces', { canonical });
  }

  forgetBounces(before: number): Promise<number> {
    return this.#list('forgetBounces', { before });
  }

  async note(line: LogLine, cause: string): Promise<void> {
    await this.#list('note', { line, cause });
  }

  async *log(): AsyncIterable<LogLine[]> {
    let after = 0;
    for (;;) {
      const page = await this.#list('logPage', { after, limit: pageSize });
      if (page.length > 0) yield page.map(({ at, event, role, address, note }) => ({ at, event, role, address, note }));
      const last = page.at(-1);
      if (!last || page.length < pageSize) return;
      after = last.id;
    }
  }

  lastGoodSettings(): Promise<string | undefined> {
    return this.#list('lastGoodSettings', undefined);
  }

  async keepSettings(text: string): Promise<void> {
    await this.#list('keepSettings', { text });
  }
}

function rowsOf(addresses: readonly Address[]): AddressRows {
  return JSON.stringify(addresses.map((address) => [storedText(address), address.domain]));
}

// The database folds the case of ASCII only (NOCASE); where that does not lead to the canonical form, that form is stored.
function storedText({ text, canonical }: Pick<Address, 'text' | 'canonical'>): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) === canonical ? text : canonical;
}
