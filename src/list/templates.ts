import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { changeTime } from '../lib/files.ts';
import type { Log } from '../log.ts';
import { plainLine } from '../mail/words.ts';
import type { List } from './list.ts';

/** A filled template: the subject and the text of a mail. */
export interface Filled {
  /** Empty only in a text that is no mail of its own. */
  readonly subject: string;
  readonly text: string;
}

/** What templates may name. Values are cleaned before they go in. */
export type TemplateValues = Readonly<
  Record<string, TemplateValue | readonly Readonly<Record<string, TemplateValue>>[]>
>;
type TemplateValue = string | number | boolean;

type Compiled = (values: TemplateValues) => string;

/** Octets of a template file: ours have less than 2,000. */
const templateOctetsMost = 65_536;
/** Compiled templates that are kept: those of about a hundred lists that have texts of their own. */
const compiledMost = 1_000;
/** Characters of a subject; in octets (RFC 5322 §2.1.1 has 998 for a line) it is at most four times as long. */
const subjectMost = 200;
/** Texts that become part of another mail and have no subject. */
const fragments = new Set(['trailer']);

/**
 * The texts of our mails: `<list>/text/<name>.hbs`, else `templates/<language>/<name>.hbs`, else English. The first line is `Subject: …`, an
 * empty line follows, then the text. An owner's template that is broken is reported and the shipped one used.
 */
export class Templates {
  readonly #directory: string;
  readonly #log: Log;
  readonly #compiled = new Map<string, { changed: number; fill: Compiled }>();

  /** `directory` is `templates/` of the package. */
  constructor(directory: string, log: Log) {
    this.#directory = directory;
    this.#log = log;
  }

  /** Fills a template for a list. Rejects when there is none of that name that works: our bug. */
  async fill(list: List, name: string, values: TemplateValues): Promise<Filled> {
    const { language } = await list.settings();
    const places = [
      join(list.directory, 'text'),
      join(this.#directory, safeLanguage(language)),
      join(this.#directory, 'en'),
    ];
    for (const place of places) {
      const filled = await this.#try(join(place, `${name}.hbs`), name, values, list);
      if (filled) return filled;
    }
    throw new Error(`there is no template ${name} that works`);
  }

  async #try(path: string, name: string, values: TemplateValues, list: List): Promise<Filled | undefined> {
    const changed = await changeTime(path);
    if (changed === undefined) return undefined;
    try {
      const known = this.#compiled.get(path);
      const fill = known?.changed === changed ? known.fill : compile(await readFile(path, 'utf8'));
      if (this.#compiled.size >= compiledMost) this.#compiled.clear();
      this.#compiled.set(path, { changed, fill });
      return splitSubject(fill(cleaned(values)), fragments.has(name));
    } catch (error) {
      this.#log('settings.problem', { list: list.name.address, problem: `${path}: ${(error as Error).message}` });
      return undefined;
    }
  }
}

// Handlebars also takes a parsed tree, which is code: only text may come in (CVE-2026-33937).
function compile(source: unknown): Compiled {
  if (typeof source !== 'string') throw new TypeError('a template must be text');
  if (Buffer.byteLength(source) > templateOctetsMost) throw new Error(`has more than ${templateOctetsMost} octets`);
  const own = Handlebars.create();
  // `log` writes to our output, `lookup` reaches for computed names, inline partials can call themselves.
  for (const name of ['log', 'lookup']) own.unregisterHelper(name);
  own.unregisterDecorator('inline');
  // strict: a name that we do not give is the author's mistake, and shall be told.
  const fill = own.compile(source, { noEscape: true, strict: true, knownHelpersOnly: true });
  return (values) => fill(values, { allowProtoPropertiesByDefault: false, allowProtoMethodsByDefault: false });
}

function cleaned<Values extends TemplateValues>(values: Values): Values {
  const clean = Object.create(null);
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'string') clean[name] = plainLine(value);
    else clean[name] = Array.isArray(value) ? value.map((row) => cleaned(row)) : value;
  }
  return clean;
}

function splitSubject(text: string, isFragment: boolean): Filled {
  const found = /^Subject:([^\r\n]*)(?:\r?\n|$)(?:\r?\n)?/.exec(text);
  const subject = plainLine(found?.[1] ?? '').slice(0, subjectMost);
  if (subject === '' && !isFragment) throw new Error('the first line must be "Subject: …"');
  return { subject, text: text.slice(found?.[0].length ?? 0) };
}

function safeLanguage(language: string): string {
  return /^[a-z]{2,3}(?:-[a-z]{2,4})?$/i.test(language) ? language.toLowerCase() : 'en';
}
