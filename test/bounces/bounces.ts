/**
 * What ezlm makes of a folder of mails that came back: `npm run bounces -- [--json] FOLDER`. With `--json` one object per file on standard
 * output. Where `expected.json` lies beside the folder (Sisimai's form: file, index, reason, hard), it is held against it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { understand } from '../../src/bounce/understand.ts';
import type { Understood } from '../../src/bounce/verdict.ts';

interface Expected {
  readonly file: string;
  readonly reason: string;
  readonly hard: boolean;
}

const usage = `npm run bounces -- [--json] FOLDER

Reads every file of the folder as a mail that came back and says what it is and what it says of whom.
Example: npm run bounces -- --json mails | jq 'select(.kind == "other").file'`;

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
  allowPositionals: true,
});
const [folder] = positionals;

if (values.help || folder === undefined) {
  console.error(usage);
  process.exitCode = values.help ? 0 : 2;
} else {
  const began = performance.now();
  const read = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted()
    .map((file) => ({ file, understood: understand(readFileSync(join(folder, file))) }));
  const seconds = (performance.now() - began) / 1_000;
  if (values.json) for (const { file, understood } of read) console.log(JSON.stringify(rowOf(file, understood)));
  else print(read, expectedOf(folder), seconds);
}

function rowOf(file: string, { kind, recipients }: Understood): object {
  const shown = recipients.map(({ address, permanent, reason, status, counts }) => {
    return { address, permanent, reason, status, counts };
  });
  return { file, kind, recipients: shown };
}

function expectedOf(directory: string): readonly Expected[] {
  try {
    return JSON.parse(
      readFileSync(join(dirname(directory.replace(/\/+$/, '')), 'expected.json'), 'utf8'),
    ) as Expected[];
  } catch {
    return [];
  }
}

type Read = { readonly file: string; readonly understood: Understood };

function print(read: readonly Read[], expected: readonly Expected[], seconds: number): void {
  const kinds = Map.groupBy(read, ({ understood }) => understood.kind);
  for (const [kind, some] of kinds) console.log(`${kind.padEnd(10)} ${some.length}`);
  const unread = read.filter(({ understood }) => understood.kind === 'bounce' && understood.recipients.length === 0);
  for (const { file } of unread) console.log(`missed: ${file}: nobody is named`);
  if (expected.length > 0) printAgainst(read, expected);
  console.log(`${read.length} mails of ${basename(folder!)} in ${seconds.toFixed(2)} s`);
}

function printAgainst(read: readonly Read[], expected: readonly Expected[]): void {
  const byFile = new Map(read.map(({ file, understood }) => [file, understood.recipients]));
  const tally = { rows: 0, named: 0, permanence: 0, reasons: 0 };
  for (const [file, rows] of Map.groupBy(expected, (row) => row.file)) {
    const recipients = byFile.get(file);
    if (!recipients) continue;
    if (recipients.length !== rows.length)
      console.log(`missed: ${file}: ${recipients.length} of ${rows.length} recipients`);
    for (const [at, row] of rows.entries()) {
      tally.rows++;
      const one = recipients[at];
      if (!one) continue;
      tally.named++;
      if (one.permanent === row.hard) tally.permanence++;
      if (one.reason === row.reason) tally.reasons++;
      else console.log(`differs: ${file}: ${one.reason}, expected ${row.reason}`);
    }
  }
  const share = (count: number): string => `${count} of ${tally.rows} (${((100 * count) / tally.rows).toFixed(1)} %)`;
  console.log(
    `recipients ${share(tally.named)}, permanence ${share(tally.permanence)}, reason ${share(tally.reasons)}`,
  );
}
