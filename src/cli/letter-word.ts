import { letterRows, type LetterRow, readLetters } from '../list/letters.ts';
import { type Complaint, complaint, exit } from './door.ts';

/** The letters of a command line, those that choose how to edit taken out. */
export interface LettersGiven {
  /** `exact`: -e, letters that are not given go back to their initial values; `change`: -+, only those given change. */
  readonly edit: 'none' | 'exact' | 'change';
  readonly text: string;
}

/** Reads a word of letters such as `+aBf`. */
export function readLetterWord(word: string): LettersGiven | Complaint {
  const edit = word.includes('+') ? 'change' : /e/i.test(word) ? 'exact' : 'none';
  // -c, -v: where ezmlm finds its templates, and its version: nothing to do here.
  const text = word.replace(/[+ecv]/gi, '');
  const read = readLetters(text, '', '');
  if (!('unknown' in read)) return Object.freeze({ edit, text });
  return complaint(
    exit.usage,
    `"${read.unknown}" is not a letter of ezmlm-make`,
    `the letters are ${letterRows.map((row) => row.letter).join('')}, e and +`,
  );
}

/** What the letters change for a list of that name: settings (undefined: back to the initial value), and letters that do nothing yet. */
export function changesByLetters(
  { edit, text }: LettersGiven,
  name: string,
  before: Readonly<Record<string, unknown>>,
): { settings: Readonly<Record<string, unknown>>; notActive: readonly LetterRow[] } {
  const kept = edit === 'change' ? before['letters'] : '';
  const read = readLetters(text, name, typeof kept === 'string' ? kept : '');
  if ('unknown' in read) throw new Error(`the letter ${read.unknown} was read before`);
  const notActive = read.notActive.filter((row) => text.includes(row.letter));
  if (text === '' && edit !== 'exact') return { settings: {}, notActive };
  return { settings: { ...(edit === 'exact' ? resets() : {}), ...withoutEmpty(read.settings) }, notActive };
}

function resets(): Record<string, unknown> {
  const names = letterRows.flatMap((row) => Object.keys(row.on ?? {}));
  return Object.fromEntries([...names, 'letters'].map((name) => [name, undefined]));
}

// No letter kept is the initial value: nothing to write into list.json.
function withoutEmpty(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { ...settings, letters: settings['letters'] === '' ? undefined : settings['letters'] };
}
