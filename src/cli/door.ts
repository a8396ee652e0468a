import type { Clock } from '../lib/clock.ts';
import type { Answer } from '../lib/dns.ts';

/** The exit codes of sysexits(3) that verbs end with, and qmail's where it gives them meaning. */
export const exit = {
  done: 0,
  usage: 64,
  badInput: 65,
  noInput: 66,
  unavailable: 69,
  bug: 70,
  cannotCreate: 73,
  io: 74,
  tryAgain: 75,
  noPermission: 77,
  settings: 78,
  notMember: 99,
} as const;

/** Why a verb did nothing: one line what, one line what to do next. */
export interface Complaint {
  readonly code: number;
  readonly what: string;
  readonly next: string;
}

/** How a verb ended: an exit code, or a complaint that is printed by its caller. */
export type Ending = number | Complaint;

export function complaint(code: number, what: string, next: string): Complaint {
  return Object.freeze({ code, what, next });
}

export function isComplaint(value: unknown): value is Complaint {
  return typeof value === 'object' && value !== null && 'what' in value && 'next' in value && 'code' in value;
}

/** Where a verb meets its user: everything that it reads and prints, so that it runs without a process too. */
export interface Door {
  /** The home directory, absolute. */
  readonly home: string;
  /** Relative directories on the command line start here. */
  readonly currentDirectory: string;
  /** Standard input. */
  readonly input: AsyncIterable<Uint8Array>;
  readonly inputIsTerminal: boolean;
  /** Text for the reader of standard output; resolves when it was taken. */
  print(text: string): Promise<void>;
  /** One line of talk (standard error). */
  say(line: string): void;
  /** Shows how far a long work is, over the last such line, which an empty text wipes out; undefined where nobody watches. */
  readonly progress: ((text: string) => void) | undefined;
  /** Has Ctrl-C call this instead of ending the process; gives what ends that. */
  readonly onInterrupt: (stop: () => void) => () => void;
  /** How large the terminal is that standard output goes to; undefined when it goes elsewhere. */
  readonly screen: (() => { readonly columns: number; readonly rows: number }) | undefined;
  readonly clock: Clock;
  /** The TXT records of a name in DNS. */
  readonly dnsTexts: (name: string) => Promise<Answer<string>>;
  /** `SENDER` of qmail's delivery environment. */
  readonly sender: string | undefined;
  /** How long a write waits for another process before it says so, in milliseconds; undefined: the storage's own 5 s. */
  readonly busyMs: number | undefined;
}

/** The arguments and options of one run, by their names in the table of verbs. */
export interface Call {
  readonly door: Door;
  /** An argument or option that is one text; undefined when it was not given. */
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  flag(name: string): boolean;
}

/** What a verb's module exports. */
export interface VerbModule {
  readonly run: (call: Call) => Promise<Ending>;
}

/** Prints one object as a line of JSON; fields may be added, never renamed. */
export function printJson(door: Door, fields: Readonly<Record<string, unknown>>): Promise<void> {
  return door.print(`${JSON.stringify(fields)}\n`);
}

/** A text of others in one safe line: control characters shown as escapes, so that no terminal obeys them. */
export function shown(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (letter) =>
    JSON.stringify(letter)
      .slice(1, -1)
      .replace(/^[\u007f-\u009f]$/, '?'),
  );
}

/** A time as people and programs read it: `2026-03-01T12:00:00Z`. */
export function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
