import { type Node, parseTree, printParseErrorCode, type ParseError } from 'jsonc-parser';

/** One setting: what it is called, what it may be, what it means. The tables of rows are the only place that says so. */
export type SettingRow = {
  readonly name: string;
  /** One sentence for `--help`, the manual and error messages. */
  readonly meaning: string;
  /** Says what is wrong with a value of the right type; undefined when nothing is. */
  readonly check?: (value: never) => string | undefined;
  /** The daemon takes a new value over when it reads its settings again; without it a restart does. */
  readonly isLive?: true;
} & (
  | {
      readonly type: 'number';
      readonly initial: number;
      readonly least: number;
      readonly most: number;
      readonly unit?: string;
    }
  | { readonly type: 'boolean'; readonly initial: boolean }
  | { readonly type: 'text'; readonly initial: string; readonly most: number }
  | { readonly type: 'choice'; readonly initial: string; readonly choices: readonly string[] }
  | { readonly type: 'texts'; readonly initial: readonly string[]; readonly most: number }
  | { readonly type: 'map'; readonly initial: Readonly<Record<string, string>>; readonly most: number }
);

type Widened<R> = R extends { type: 'number' }
  ? number
  : R extends { type: 'boolean' }
    ? boolean
    : R extends { type: 'choice'; choices: readonly (infer C)[] }
      ? C
      : R extends { type: 'texts' }
        ? readonly string[]
        : R extends { type: 'map' }
          ? Readonly<Record<string, string>>
          : string;

/** The values that a table of rows describes, by name. */
export type ValuesOf<Rows extends readonly SettingRow[]> = {
  readonly [Row in Rows[number] as Row['name']]: Widened<Row>;
};

/** One thing wrong with a settings file. */
export interface SettingProblem {
  /** 1 for the first line. */
  readonly line: number;
  /** Empty when the file as a whole is meant. */
  readonly name: string;
  /** What is wrong, and what is allowed. */
  readonly text: string;
}

/** Shows a problem as `list.json:4: prefix: …`. */
export function problemText(file: string, problem: SettingProblem): string {
  return `${file}:${problem.line}: ${problem.name === '' ? '' : `${problem.name}: `}${problem.text}`;
}

/** Settings as read: `values` has the initial value wherever the file gave none or a wrong one. */
export interface ReadSettings<Rows extends readonly SettingRow[]> {
  readonly values: ValuesOf<Rows>;
  /** What the file itself says, without the initial values. */
  readonly given: Readonly<Record<string, unknown>>;
  readonly problems: readonly SettingProblem[];
}

/** Reads the text of a settings file (JSON; comments and a last comma are allowed) and reports every problem at once. */
export function readSettings<const Rows extends readonly SettingRow[]>(rows: Rows, text: string): ReadSettings<Rows> {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  const problems: SettingProblem[] = errors.map((error) => ({
    line: lineAt(text, error.offset),
    name: '',
    text: `not JSON here (${printParseErrorCode(error.error)})`,
  }));
  if (tree && tree.type !== 'object') problems.push({ line: 1, name: '', text: 'the file must hold one object { … }' });
  const given: Record<string, unknown> = Object.create(null);
  for (const [nameNode, valueNode] of members(tree)) {
    const name = String(nameNode.value);
    const wrong = readOne(rows, given, name, valueOfNode(valueNode));
    if (wrong) problems.push({ line: lineAt(text, nameNode.offset), name, text: wrong });
  }
  return { values: withInitial(rows, given), given, problems };
}

/** Checks one value against its row; undefined when it may stand, else what is wrong and what is allowed. */
export function checkSetting(row: SettingRow, value: unknown): string | undefined {
  const type = checkType(row, value);
  return type ?? row.check?.(value as never);
}

/** Reads a value as typed on a command line (`name=value`; `texts` by commas, `map` as `a=b,c=d`) for its row. */
export function settingFromText(row: SettingRow, text: string): unknown {
  if (row.type === 'number') return text.trim() === '' ? text : Number(text);
  if (row.type === 'boolean')
    return (
      ({ true: true, yes: true, on: true, false: false, no: false, off: false } as Record<string, boolean>)[text] ??
      text
    );
  if (row.type === 'texts') return splitList(text);
  if (row.type === 'map') return Object.fromEntries(splitList(text).map((pair) => splitPair(pair)));
  return text;
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function splitPair(pair: string): [string, string] {
  const at = pair.indexOf('=');
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
}

/** The initial values of a table, with those of `given` over them. */
export function withInitial<const Rows extends readonly SettingRow[]>(
  rows: Rows,
  given: Readonly<Record<string, unknown>>,
): ValuesOf<Rows> {
  const values: Record<string, unknown> = {};
  for (const row of rows) values[row.name] = given[row.name] ?? row.initial;
  return Object.freeze(values) as ValuesOf<Rows>;
}

function readOne(
  rows: readonly SettingRow[],
  given: Record<string, unknown>,
  name: string,
  value: unknown,
): string | undefined {
  const row = rows.find((candidate) => candidate.name === name);
  if (!row) return `there is no such setting; the nearest is "${nearest(rows, name)}"`;
  if (name in given) return 'is set twice';
  const wrong = checkSetting(row, value);
  if (wrong === undefined) given[name] = value;
  return wrong;
}

function checkType(row: SettingRow, value: unknown): string | undefined {
  switch (row.type) {
    case 'number': {
      const allowed = `a whole number from ${row.least} to ${row.most}${row.unit ? ` (${row.unit})` : ''}`;
      return Number.isSafeInteger(value) && Number(value) >= row.least && Number(value) <= row.most
        ? undefined
        : `must be ${allowed}`;
    }
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'must be true or false';
    case 'choice':
      return row.choices.includes(value as string) ? undefined : `must be one of ${row.choices.join(', ')}`;
    case 'text':
      return typeof value === 'string' ? checkText(value, row.most) : 'must be a text in quotes';
    case 'texts':
      return Array.isArray(value) ? checkTexts(value, row.most) : 'must be a list of texts: ["…", "…"]';
    case 'map':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
        ? checkTexts([...Object.keys(value), ...Object.values(value)], row.most)
        : 'must be an object of texts: {"…": "…"}';
  }
}

function checkTexts(values: readonly unknown[], most: number): string | undefined {
  for (const value of values) {
    const wrong = typeof value === 'string' ? checkText(value, most) : 'must hold texts in quotes only';
    if (wrong) return wrong;
  }
  return undefined;
}

// Settings end up in header fields, addresses and paths: line ends and NUL never belong there.
function checkText(value: string, most: number): string | undefined {
  if (Buffer.byteLength(value) > most) return `must be at most ${most} octets long`;
  return /[\r\n\0]/.test(value) ? 'must not hold a line end or NUL' : undefined;
}

function members(tree: Node | undefined): [Node, Node][] {
  const pairs = tree?.type === 'object' ? (tree.children ?? []) : [];
  return pairs.flatMap((pair) =>
    pair.children?.length === 2 ? [[pair.children[0]!, pair.children[1]!] as [Node, Node]] : [],
  );
}

function valueOfNode(node: Node): unknown {
  if (node.type === 'array') return (node.children ?? []).map((child) => valueOfNode(child));
  if (node.type !== 'object') return node.value as unknown;
  const value: Record<string, unknown> = Object.create(null);
  for (const [name, child] of members(node)) value[String(name.value)] = valueOfNode(child);
  return value;
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function nearest(rows: readonly SettingRow[], name: string): string {
  const [best] = rows.map((row) => row.name).toSorted((a, b) => distance(a, name) - distance(b, name));
  return best ?? '';
}

// Levenshtein's distance, one row at a time.
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
