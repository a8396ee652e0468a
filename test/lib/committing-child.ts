import { createInterface } from 'node:readline';
import { Databases } from '../../src/lib/databases.ts';
import { engines } from '../helpers/word-engine.ts';

/** Adds each line of its input as a word, and says what came of it: `committing-child.ts FILE`. */
const databases = new Databases(engines);
const file = process.argv[2]!;
process.stdout.write('ready\n');
for await (const argument of createInterface({ input: process.stdin })) {
  const [reply] = databases.runAll([{ file, engine: 'words', operation: 'add', argument }]);
  process.stdout.write(`${reply?.ok ? 'stored' : reply?.trouble.kind}\n`);
}
