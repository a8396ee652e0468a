import type { Address } from '../mail/address.ts';
import type { BounceStore } from './bounce-store.ts';
import type { Cause } from './cause.ts';
import type { Role } from './name.ts';

export interface Member {
  /** Never used again after removal: VERP addresses hold it. */
  readonly id: number;
  readonly role: Role;
  readonly address: string;
  readonly since: number;
}

/** Where a fan-out stands: the last member that has been cut into a chunk, in (domain, address) order. */
export interface Cursor {
  readonly domain: string;
  readonly address: string;
}

/** A page of a fan-out: packed as in `packed.ts`. */
export interface MemberPage {
  readonly packed: Uint8Array;
  readonly count: number;
  /** The only domain, or empty when there are several. */
  readonly domain: string;
  /** Where the next page begins; undefined when this was the last. */
  readonly cursor: Cursor | undefined;
}

/** What a token or a confirm mail asks for. */
export type RequestAction = 'sc' | 'uc' | 'tc' | 'rc' | 'vc' | 'wc';

/** A request that waits for its proof. */
export interface Request {
  readonly id: number;
  readonly action: RequestAction;
  readonly role: Role;
  readonly address: string;
  /** Milliseconds since 1970, whole minutes: it stands in the token. */
  readonly expires: number;
  readonly nonce: number;
  /** When it was answered; undefined while it is open. */
  readonly used?: number;
}

export interface NewPost {
  readonly number: number;
  /** The id of the queue entry: a post is numbered once. */
  readonly cause: string;
  readonly at: number;
  readonly subject: string;
  readonly from: string;
  readonly messageId: string;
  readonly size: number;
}

export interface PostRecord extends NewPost {
  /** The highest member id when the number was given. */
  readonly lastMember: number;
}

export interface LogLine {
  readonly at: number;
  readonly event: string;
  readonly role: Role;
  readonly address: string;
  readonly note: string;
}

/** Everything in a list's database. All changes are idempotent by their cause. */
export interface ListStore extends BounceStore {
  /** Adds addresses in a role; those who are there already stay as they are. Says how many are new. */
  add(role: Role, addresses: readonly Address[], cause: Cause): Promise<number>;
  /** Removes addresses from a role. Says how many were there. */
  remove(role: Role, addresses: readonly Address[], cause: Cause): Promise<number>;
  /** The roles an address has, by canonical address; `@domain` records count for every address of the domain. */
  rolesOf(canonical: string): Promise<Role[]>;
  memberOf(role: Role, canonical: string): Promise<Member | undefined>;
  /** A member by id, removed ones too (their tombstone): bounces may come late. */
  memberById(id: number): Promise<(Member & { readonly isGone: boolean }) | undefined>;
  count(role: Role): Promise<number>;
  /** Addresses of a role in (domain, address) order, in pages. */
  addresses(role: Role): AsyncIterable<string[]>;
  /** The next page for a fan-out: members up to `lastMember`, behind the cursor; one domain alone when it fills half a page. */
  page(role: Role, after: Cursor | undefined, lastMember: number, limit: number): Promise<MemberPage>;

  /**
   * Opens a request, or finds the one that is open for (action, role, address) already. `isNew` is false for the latter,
   * except when the same cause opened it: then the stage runs again and may mail again.
   */
  openRequest(request: Omit<Request, 'id' | 'used'>, cause: Cause): Promise<{ request: Request; isNew: boolean }>;
  requestById(id: number): Promise<Request | undefined>;
  /** The request that a token names. */
  requestByNonce(action: RequestAction, role: Role, canonical: string, nonce: number): Promise<Request | undefined>;
  /** Marks a request as answered. True once, and again only for the same cause. */
  useRequest(id: number, cause: Cause): Promise<boolean>;
  /** Closes what waits for an answer of an address; says how many requests there were. */
  closeRequests(canonical: string, cause: Cause): Promise<number>;

  /** The number that the next post will get, or the record when this cause has its number already. */
  nextPost(cause: string): Promise<{ number: number; record?: PostRecord }>;
  /** Gives the number for good. The archive file must be on disk before. */
  recordPost(post: NewPost): Promise<PostRecord>;
  postByNumber(number: number): Promise<PostRecord | undefined>;
  lastPost(): Promise<number>;

  note(line: LogLine, cause: string): Promise<void>;
  log(): AsyncIterable<LogLine[]>;

  /** The settings that were last read without a problem, as JSON text. */
  lastGoodSettings(): Promise<string | undefined>;
  keepSettings(text: string): Promise<void>;
}
