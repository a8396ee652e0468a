import { type Database, read, write } from '../lib/database.ts';

/** A policy of MTA-STS as it was fetched (RFC 8461 §3). Times are milliseconds since 1970. */
export interface KeptSts {
  readonly domain: string;
  /** That of the TXT record; another one there means that the policy has changed. */
  readonly id: string;
  /** The file, word for word. */
  readonly text: string;
  readonly fetched: number;
  /** It holds until then. */
  readonly until: number;
}

/** The table of policies in server.db. */
export const stsTable = `
  CREATE TABLE sts (
    domain TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    text TEXT NOT NULL,
    fetched INTEGER NOT NULL,
    until INTEGER NOT NULL
  );
  CREATE INDEX sts_until ON sts (until);
`;

/** At most `most` are kept: those that hold longest. */
const keepSts = write((db: Database, ask: { policy: KeptSts; most: number }) => {
  const { domain, id, text, fetched, until } = ask.policy;
  db.run(
    'INSERT OR REPLACE INTO sts (domain, id, text, fetched, until) VALUES (?, ?, ?, ?, ?)',
    domain,
    id,
    text,
    fetched,
    until,
  );
  db.run('DELETE FROM sts WHERE until <= ?', fetched);
  db.run(
    'DELETE FROM sts WHERE domain IN (SELECT domain FROM sts ORDER BY until DESC LIMIT -1 OFFSET ?1 + 0)',
    ask.most,
  );
});

const stsOf = read((db: Database, ask: { domain: string }): KeptSts | undefined =>
  db.get<KeptSts>('SELECT domain, id, text, fetched, until FROM sts WHERE domain = ?', ask.domain),
);

export const stsOperations = { keepSts, stsOf };
