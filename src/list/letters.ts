import type { ListSettings } from './settings.ts';

/** What one letter of ezmlm-make does; `on` and `off` are changes of settings. A letter without them is kept for later. */
export interface LetterRow {
  readonly letter: string;
  readonly meaning: string;
  readonly on?: Partial<ListSettings>;
  readonly off?: Partial<ListSettings>;
}

/** ezmlm-make's letters (lower case on, upper case off), in its order. */
export const letterRows: readonly LetterRow[] = [
  { letter: 'a', meaning: 'archive posts', on: { archived: true }, off: { archived: false } },
  { letter: 'b', meaning: 'archive commands for moderators only' },
  { letter: 'd', meaning: 'digests' },
  { letter: 'f', meaning: 'subject prefix [name]', on: { prefix: '[#L]' }, off: { prefix: '' } },
  { letter: 'g', meaning: 'archive commands for subscribers only' },
  {
    letter: 'h',
    meaning: 'subscribe without confirmation',
    on: { subscribeConfirm: false },
    off: { subscribeConfirm: true },
  },
  { letter: 'i', meaning: 'thread index of the archive' },
  {
    letter: 'j',
    meaning: 'unsubscribe without confirmation',
    on: { unsubscribeConfirm: false },
    off: { unsubscribeConfirm: true },
  },
  { letter: 'k', meaning: 'deny list (always active)', on: {}, off: {} },
  { letter: 'l', meaning: 'moderators may get the list of members' },
  { letter: 'm', meaning: 'posts are moderated' },
  { letter: 'n', meaning: 'moderators may edit texts by mail' },
  { letter: 'o', meaning: 'with m: posts of others than moderators are refused' },
  { letter: 'p', meaning: 'answer commands from everybody', on: { public: true }, off: { public: false } },
  { letter: 'q', meaning: 'the -request address' },
  { letter: 'r', meaning: 'remote administration by moderators' },
  { letter: 's', meaning: 'subscriptions are moderated' },
  { letter: 't', meaning: 'trailer on posts', on: { trailer: true }, off: { trailer: false } },
  { letter: 'u', meaning: 'only subscribers may post', on: { posting: 'subscribers' }, off: { posting: 'everybody' } },
  { letter: 'w', meaning: 'no bounce warnings', on: { bounces: 'record' }, off: { bounces: 'remove' } },
  { letter: 'x', meaning: 'strip MIME types, limit the size' },
  { letter: 'y', meaning: 'posters confirm each post' },
  { letter: 'z', meaning: 'free for local use' },
];

/** What a text of letters comes to. */
export interface ReadLetters {
  readonly settings: Partial<ListSettings>;
  /** Letters that are on and whose behaviour is not active yet; kept in the setting `letters`. */
  readonly notActive: readonly LetterRow[];
}

/**
 * Reads letters such as `aPu` for a list of that name; later ones win. `kept` are the letters kept so far (the setting
 * `letters`); an exact edit gives an empty text. A letter that ezmlm-make does not know is given back as `unknown`.
 */
export function readLetters(text: string, name: string, kept: string): ReadLetters | { readonly unknown: string } {
  let settings: Partial<ListSettings> = {};
  const on = new Set(kept);
  for (const given of text) {
    const row = letterRows.find((candidate) => candidate.letter === given.toLowerCase());
    if (!row) return { unknown: given };
    const isOn = given === row.letter;
    settings = { ...settings, ...(isOn ? row.on : row.off) };
    if (row.on) continue;
    if (isOn) on.add(row.letter);
    else on.delete(row.letter);
  }
  const letters = [...on].toSorted().join('');
  const prefix = settings.prefix === undefined ? {} : { prefix: settings.prefix.replace('#L', name) };
  return { settings: { ...settings, ...prefix, letters }, notActive: letterRows.filter((row) => on.has(row.letter)) };
}
