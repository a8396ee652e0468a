import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** The recipients whose delivery is on disk in a home whose daemon is dead. Reads a copy: looking must not repair what a crash left. */
export function deliveredOnDisk(home: string): Set<string> {
  const copy = mkdtempSync(join(tmpdir(), 'ezlm-outcomes-'));
  try {
    const names = readdirSync(join(home, 'queue')).filter((name) => /^outcomes-.*\.db(?:-wal)?$/.test(name));
    for (const name of names) copyFileSync(join(home, 'queue', name), join(copy, name));
    return new Set(names.filter((name) => name.endsWith('.db')).flatMap((name) => deliveredIn(join(copy, name))));
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function deliveredIn(path: string): string[] {
  const database = new DatabaseSync(path);
  try {
    // A crash before the first commit leaves a file without tables.
    if (database.prepare('PRAGMA user_version').get()?.['user_version'] === 0) return [];
    const rows = database.prepare("SELECT address FROM outcomes WHERE state = 'delivered'").all();
    return rows.map((row) => String(row['address']));
  } finally {
    database.close();
  }
}
