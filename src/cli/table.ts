import { bounceVerbs } from './bounce-verbs.ts';
import { listVerbs } from './list-verbs.ts';
import { operatingVerbs } from './operating-verbs.ts';
import { serverVerbs } from './server-verbs.ts';
import type { OptionRow, VerbRow } from './verb-row.ts';

/** The verbs in the order in which a newcomer meets them. */
export const verbs: readonly VerbRow[] = [...serverVerbs, ...operatingVerbs, ...listVerbs, ...bounceVerbs];

/** Options that every verb has. */
export const commonOptions: readonly OptionRow[] = [
  { name: 'home', type: 'text', meaning: 'the home directory; else EZLM_HOME, else the current directory' },
];

const dryRun: OptionRow = {
  name: 'dry-run',
  type: 'flag',
  meaning: 'check everything, say what would be done, change nothing',
};
const json: OptionRow = { name: 'json', type: 'flag', meaning: 'print one JSON object per line' };

/** All options of a verb, the common ones last. */
export function optionsOf(verb: VerbRow): readonly OptionRow[] {
  return [...verb.options, ...(verb.changes ? [dryRun] : []), ...(verb.json ? [json] : []), ...commonOptions];
}

export function verbNamed(name: string): VerbRow | undefined {
  return verbs.find((verb) => verb.name === name);
}
