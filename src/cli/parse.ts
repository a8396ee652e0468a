import yargs, { type Given, type Yargs } from 'yargs';
import type { Given as CallGiven } from './call.ts';
import { type Complaint, complaint, exit } from './door.ts';
import { optionsOf, verbNamed, verbs } from './table.ts';
import type { ArgumentRow, OptionRow, VerbRow } from './verb-row.ts';

/** A command line as read: a verb with what it was given, or a text that answers it. */
export type Parsed =
  | { readonly kind: 'run'; readonly verb: VerbRow; readonly given: CallGiven }
  | { readonly kind: 'help'; readonly text: string };

/** Reads the words behind `ezlm`. Unknown verbs and options are complaints (exit 64) that say what to do next. */
export function parseCommandLine(words: readonly string[], version: string): Parsed | Complaint {
  const name = words.find((word, at) => !word.startsWith('-') && words[at - 1] !== '--home');
  if (name === undefined) return parseWithoutVerb(words, version);
  const verb = verbNamed(name);
  if (!verb) return unknownVerb(name);
  return parseVerb(verb, verb.name === 'make' ? gatherLetters(words) : words, version);
}

function parseWithoutVerb(words: readonly string[], version: string): Parsed | Complaint {
  const parser = base(version).usage('ezlm VERB ... : mailing lists with their own mail transfer');
  for (const verb of verbs) describe(parser, verb);
  parser.example(verbs.slice(0, 3).map((verb) => [verb.examples[0].line, verb.examples[0].meaning]));
  parser.epilogue('"ezlm VERB --help" explains one verb. A LIST is an address or a directory.');
  const { error, output } = parseNow(parser, words.length === 0 ? ['--help'] : words);
  if (words.length === 0) return complaint(exit.usage, 'a verb is missing', 'run "ezlm --help" to see the verbs');
  return error ? usageComplaint(error.message, undefined) : { kind: 'help', text: `${output}\n` };
}

function parseVerb(verb: VerbRow, words: readonly string[], version: string): Parsed | Complaint {
  const parser = describe(base(version), verb);
  // Words behind `--` are arguments whatever they begin with, and a lone `-` stands for standard input; yargs would drop both.
  const end = words.indexOf('--');
  const before = end < 0 ? words : words.slice(0, end);
  const plainWords = [...before.filter((word) => word === '-'), ...(end < 0 ? [] : words.slice(end + 1))];
  const { error, given, output } = parseNow(
    parser,
    before.filter((word) => word !== '-'),
  );
  if (error) return usageComplaint(error.message, verb);
  if (output !== '') return { kind: 'help', text: `${output}\n` };
  const values = new Map<string, string | boolean | readonly string[]>();
  for (const row of [...verb.arguments, ...optionsOf(verb)]) {
    const value = valueOf(row, given);
    const wrong = wrongChoice(row, value);
    if (wrong !== undefined) return usageComplaint(wrong, verb);
    if (value !== undefined) values.set(row.name, value);
  }
  const last = verb.arguments.findLast((row) => row.many);
  if (plainWords.length > 0 && !last) return usageComplaint('nothing may follow --, and - has no place here', verb);
  if (last) values.set(last.name, [...((values.get(last.name) as string[] | undefined) ?? []), ...plainWords]);
  return { kind: 'run', verb, given: values };
}

function base(version: string): Yargs {
  return yargs([])
    .scriptName('ezlm')
    .locale('en')
    .parserConfiguration({
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'dot-notation': false,
      'camel-case-expansion': false,
      'boolean-negation': false,
    })
    .strict()
    .help()
    .alias('help', 'h')
    .version(version)
    .wrap(100)
    .exitProcess(false)
    .showHelpOnFail(false);
}

function describe(parser: Yargs, verb: VerbRow): Yargs {
  return parser.command(
    `${verb.name} ${verb.arguments.map(argumentText).join(' ')}`.trim(),
    verb.meaning,
    (y) => build(y, verb),
    () => {},
  );
}

function argumentText(row: ArgumentRow): string {
  const name = row.many ? `${row.name}..` : row.name;
  return row.needed ? `<${name}>` : `[${name}]`;
}

function build(parser: Yargs, verb: VerbRow): Yargs {
  parser.usage(`ezlm ${verb.name} ${verb.usage}\n\n${sentence(verb.meaning)} ${verb.more.join(' ')}`);
  for (const row of verb.arguments) {
    parser.positional(row.name, { type: 'string', describe: row.meaning, ...(row.many ? { array: true } : {}) });
  }
  for (const row of optionsOf(verb)) parser.option(row.name, optionText(row));
  return parser.example(verb.examples.map((example) => [example.line, example.meaning]));
}

function optionText(row: OptionRow): { type: 'string' | 'boolean'; describe: string; alias?: string } {
  const choices = row.choices ? ` (${row.choices.join(', ')})` : '';
  return {
    type: row.type === 'flag' ? 'boolean' : 'string',
    describe: row.meaning + choices,
    ...(row.letter === undefined ? {} : { alias: row.letter }),
  };
}

function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}

function parseNow(parser: Yargs, words: readonly string[]): { error?: Error; given: Given; output: string } {
  let result: { error?: Error; given: Given; output: string } = { given: { _: [] }, output: '' };
  parser.parse(words, {}, (error, given, output) => {
    result = { ...(error ? { error } : {}), given, output };
  });
  return result;
}

function valueOf(row: ArgumentRow | OptionRow, given: Given): string | boolean | readonly string[] | undefined {
  const value = Object.hasOwn(given, row.name) ? given[row.name] : undefined;
  if (value === undefined) return undefined;
  if ('type' in row && row.type === 'flag') return value === true;
  const texts = (Array.isArray(value) ? value : [value]).map(String);
  const isMany = 'type' in row ? row.type === 'texts' : row.many === true;
  return isMany ? texts : texts.at(-1);
}

// A list of choices that is `many` only completes: its first word may also be something else.
function wrongChoice(row: ArgumentRow | OptionRow, value: unknown): string | undefined {
  if (!row.choices || typeof value !== 'string' || row.choices.includes(value)) return undefined;
  const shown = 'type' in row ? `--${row.name}` : row.name.toUpperCase();
  return `${shown} must be one of ${row.choices.join(', ')}, not "${value}"`;
}

function unknownVerb(name: string): Complaint {
  const near = verbs.find((verb) => verb.name.startsWith(name.slice(0, 3)) || name.startsWith(verb.name));
  const next = near
    ? `did you mean "ezlm ${near.name}"? "ezlm --help" shows all verbs`
    : 'run "ezlm --help" to see the verbs';
  return complaint(exit.usage, `there is no verb "${name}"`, next);
}

function usageComplaint(message: string, verb: VerbRow | undefined): Complaint {
  const next = verb
    ? `usage: ezlm ${verb.name} ${verb.usage}; "ezlm ${verb.name} --help" explains it`
    : 'run "ezlm --help" to see the verbs';
  return complaint(exit.usage, plain(message, verb), next);
}

// yargs counts arguments; people want to know which one is missing.
function plain(message: string, verb: VerbRow | undefined): string {
  const counted = /^Not enough non-option arguments: got (\d+)/.exec(message);
  const missing = counted && verb?.arguments[Number(counted[1])];
  if (missing) return `${missing.name.toUpperCase()} is missing: ${missing.meaning}`;
  const unknown = /^Unknown arguments?: (.*)$/.exec(message);
  return unknown ? `"${unknown[1]}" is not known here` : message;
}

/** ezmlm-make's letters look like a bundle of short options and mean something else: they become one `--letters`. */
function gatherLetters(words: readonly string[]): string[] {
  const letters = words.filter(isLetters).map((word) => word.slice(1));
  const others = words.filter((word) => !isLetters(word));
  return letters.length === 0 ? others : [...others, `--letters=${letters.join('')}`];
}

function isLetters(word: string): boolean {
  return /^-[A-Za-z+]+$/.test(word) && word !== '-h';
}
