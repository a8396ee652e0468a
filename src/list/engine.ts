import type { Engine } from '../lib/database.ts';
import {
  alarmTold,
  bounces,
  bounceSummary,
  complain,
  eraseBounces,
  evidence,
  forgetBounces,
  lastSummary,
  openAlarm,
  summaryTold,
} from './bounce-operations.ts';
import { add, addresses, count, memberById, memberOf, page, remove, rolesOf } from './member-operations.ts';
import {
  closeRequests,
  keepSettings,
  lastGoodSettings,
  lastPost,
  logPage,
  nextPost,
  note,
  openRequest,
  postByNumber,
  recordPost,
  requestById,
  requestByNonce,
  useRequest,
} from './record-operations.ts';
import { nextStep, recordBounces, resetStanding, standings, stepsSent, takeSteps } from './standing-operations.ts';
import { suppressionOperations, suppressionTables } from './suppression-operations.ts';

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
    grounds TEXT NOT NULL,
    permanent INTEGER NOT NULL,
    status TEXT NOT NULL,
    host TEXT NOT NULL,
    text TEXT NOT NULL,
    cause TEXT NOT NULL UNIQUE,
    counted INTEGER NOT NULL DEFAULT 0         -- it moved the member's standing
  );
  CREATE INDEX bounces_member ON bounces (member, at);
  CREATE INDEX bounces_at ON bounces (at);
  CREATE INDEX bounces_policy ON bounces (at) WHERE grounds = 'policy';
  CREATE TABLE evidence (                      -- the beginning of what came back
    bounce INTEGER PRIMARY KEY,
    message BLOB NOT NULL
  );
  CREATE TABLE standings (                     -- those of whom bounces are remembered (ladder.ts)
    member INTEGER PRIMARY KEY,
    state TEXT NOT NULL,
    due INTEGER,                               -- the next step
    unsent INTEGER NOT NULL DEFAULT 0,         -- a step was taken and its mail is not in the queue yet
    record TEXT NOT NULL                       -- the standing as JSON
  );
  CREATE INDEX standings_due ON standings (due) WHERE due IS NOT NULL;
  CREATE INDEX standings_unsent ON standings (member) WHERE unsent = 1;
  CREATE INDEX standings_suspended ON standings (member) WHERE state = 'suspended';
  CREATE TABLE kept (
    name TEXT PRIMARY KEY,
    text TEXT NOT NULL
  );
`;

/** list.db: everything of a list that is not a file. */
export const listEngine = {
  migrations: [first + suppressionTables],
  operations: {
    add,
    addresses,
    count,
    memberById,
    memberOf,
    page,
    remove,
    rolesOf,
    alarmTold,
    bounces,
    bounceSummary,
    closeRequests,
    complain,
    eraseBounces,
    evidence,
    forgetBounces,
    keepSettings,
    lastGoodSettings,
    lastPost,
    lastSummary,
    logPage,
    nextPost,
    nextStep,
    note,
    openAlarm,
    openRequest,
    postByNumber,
    recordBounces,
    recordPost,
    requestById,
    requestByNonce,
    resetStanding,
    standings,
    stepsSent,
    summaryTold,
    takeSteps,
    useRequest,
    ...suppressionOperations,
  },
} satisfies Engine;
