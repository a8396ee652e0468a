import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { changeTime } from '../lib/files.ts';
import type { List } from '../list/list.ts';
import type { Log } from '../log.ts';

/** A filled template: the subject and the text of a mail. */
export interface Filled {
  readonly subject: string;
  readonly text: string;
}

/** What templates may name. Values are cleaned before they go in. */
export type TemplateValues = Readonly<Record<string, string | number | boolean>>;

type Compiled = (values: TemplateValues) => string;

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

  /** Fills a template for a list. */
  async fill(list: List, name: string, values: TemplateValues): Promise<Filled> {
    const { language } = await list.settings();
    const own = await this.#try(join(list.directory, 'text', `${name}.hbs`), values, list);
    const shipped =
      own ?? (await this.#try(join(this.#directory, safeLanguage(language), `${name}.hbs`), values, list));
    const text = shipped ?? (await this.#try(join(this.#directory, 'en', `${name}.hbs`), values, list));
    if (text === undefined) throw new Error(`there is no template ${name}`);
    return splitSubject(text);
  }

  async #try(path: string, values: TemplateValues, list: List): Promise<string | undefined> {
    const changed = await changeTime(path);
    if (changed === undefined) return undefined;
    try {
      const known = this.#compiled.get(path);
      const fill = known?.changed === changed ? known.fill : compile(await readFile(path, 'utf8'));
      this.#compiled.set(path, { changed, fill });
      return fill(cleaned(values));
    } catch (error) {
      this.#log('settings.problem', { list: list.name.address, problem: `${path}: ${(error as Error).message}` });
      return undefined;
    }
  }
}

// Handlebars also takes a parsed tree, which is code: only text may come in (CVE-2026-33937).
function compile(source: unknown): Compiled {
  if (typeof source !== 'string') throw new TypeError('a template must be text');
  const own = Handlebars.create();
  const fill = own.compile(source, { noEscape: true, knownHelpersOnly: true });
  return (values) => fill(values, { allowProtoPropertiesByDefault: false, allowProtoMethodsByDefault: false });
}

function cleaned(values: TemplateValues): TemplateValues {
  // oxlint-disable-next-line no-control-regex
  const clean = (value: unknown) =>
    typeof value === 'string' ? value.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, ' ') : value;
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, clean(value)])) as TemplateValues;
}

function splitSubject(text: string): Filled {
  const found = /^Subject: ([^\r\n]*)\r?\n\r?\n?/.exec(text);
  return { subject: (found?.[1] ?? '').trim().slice(0, 300), text: text.slice(found?.[0].length ?? 0) };
}

function safeLanguage(language: string): string {
  return /^[a-z]{2,3}(?:-[a-z]{2,4})?$/i.test(language) ? language.toLowerCase() : 'en';
}
