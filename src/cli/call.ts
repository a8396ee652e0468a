import type { Call, Door } from './door.ts';

export type Given = ReadonlyMap<string, string | boolean | readonly string[]>;

/** Makes a call of what a command line gave, by the names in the table of verbs. */
export function callOf(given: Given, door: Door): Call {
  return {
    door,
    text: (name) => {
      const value = given.get(name);
      return typeof value === 'string' ? value : undefined;
    },
    texts: (name) => {
      const value = given.get(name);
      return Array.isArray(value) ? (value as readonly string[]) : [];
    },
    flag: (name) => given.get(name) === true,
  };
}
