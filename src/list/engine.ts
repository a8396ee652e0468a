import type { Engine } from '../lib/database.ts';
import { add, addresses, count, memberById, memberOf, page, remove, rolesOf } from './member-operations.ts';
import {
  bounces,
  keepSettings,
  lastGoodSettings,
  lastPost,
  logPage,
  nextPost,
  note,
  openRequest,
  postByNumber,
  recordBounce,
  recordPost,
  requestById,
  requestByNonce,
  useRequest,
} from './record-operations.ts';

const first = `
  CREATE TABLE members (
    id INTEGER PRIMARY KEY AUTOINCREMENT,      -- never used again: VERP addresses hold it
    role TEXT NOT NULL CHECK (role IN ('subscriber', 'digest', 'allow', 'deny', 'mod')),
    domain TEXT NOT NULL,
    address TEXT NOT NULL COLLATE NOCASE,      -- as typed, found in any letter case
    since INTEGER NOT NULL,
    cause TEXT NOT NULL                        -- what added it
  );
  -- The only index: an import touches one random page per row, and a fan-out reads nothing else.
  CREATE UNIQUE INDEX members_order ON members (role, domain, address);
  CREATE TABLE former (                        -- the tombstones
    id INTEGER PRIMARY KEY,
    role TEXT NOT NULL,
    address TEXT NOT NULL COLLATE NOCASE,
    since INTEGER NOT NULL,
    gone INTEGER NOT NULL,
    added_by TEXT NOT NULL,
    removed_by TEXT NOT NULL
  );
  CREATE INDEX former_address ON former (role, address);
  CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    role TEXT NOT NULL,
    address TEXT NOT NULL,
    note TEXT NOT NULL,
    cause TEXT NOT NULL,
    is_note INTEGER NOT NULL DEFAULT 0
  );
  -- Lines about members come with a change that happens once; only those that stand alone need an index to be written once.
  CREATE UNIQUE INDEX log_notes ON log (cause, event, role, address) WHERE is_note = 1;
  CREATE TABLE requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    action TEXT NOT NULL,
    role TEXT NOT NULL,
    address TEXT NOT NULL,
    canonical TEXT NOT NULL,
    expires INTEGER NOT NULL,
    nonce INTEGER NOT NULL,
    cause TEXT NOT NULL,
    used INTEGER,
    used_by TEXT
  );
  CREATE INDEX requests_who ON requests (canonical, action, role);
  CREATE INDEX requests_expires ON requests (expires);
  CREATE TABLE posts (
    number INTEGER PRIMARY KEY,
    cause TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    subject TEXT NOT NULL,
    author TEXT NOT NULL,
    message_id TEXT NOT NULL,
    size INTEGER NOT NULL,
    last_member INTEGER NOT NULL
  );
  CREATE TABLE bounces (
    id INTEGER PRIMARY KEY,
    member INTEGER NOT NULL,
    address TEXT NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    how TEXT NOT NULL,
    reason TEXT NOT NULL,
    permanent INTEGER NOT NULL,
    status TEXT NOT NULL,
    text TEXT NOT NULL,
    cause TEXT NOT NULL UNIQUE
  );
  CREATE TABLE kept (
    name TEXT PRIMARY KEY,
    text TEXT NOT NULL
  );
`;

/** list.db: everything of a list that is not a file. */
export const listEngine = {
  migrations: [first],
  operations: {
    add,
    addresses,
    count,
    memberById,
    memberOf,
    page,
    remove,
    rolesOf,
    bounces,
    keepSettings,
    lastGoodSettings,
    lastPost,
    logPage,
    nextPost,
    note,
    openRequest,
    postByNumber,
    recordBounce,
    recordPost,
    requestById,
    requestByNonce,
    useRequest,
  },
} satisfies Engine;
