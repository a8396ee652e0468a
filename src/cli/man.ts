import { writeFileSync } from 'node:fs';
import { serverSettingRows } from '../config.ts';
import type { SettingRow } from '../lib/settings.ts';
import { listSettingRows } from '../list/settings.ts';
import { events } from '../log.ts';
import { initialText, limitText } from './setting-text.ts';
import { commonOptions, optionsOf, verbs } from './table.ts';
import type { VerbRow } from './verb-row.ts';

/** The manual pages by file name, made from the same tables as `--help`. Written in man(7) macros. */
export function manPages(): Readonly<Record<string, string>> {
  return {
    'ezlm.1': commandPage(),
    'ezlm-settings.5': settingsPage(),
    'ezlm-log.7': logPage(),
  };
}

function commandPage(): string {
  return page('ezlm', 1, 'mailing lists with their own mail transfer', [
    section('SYNOPSIS', ...verbs.flatMap((verb) => ['.br', `.B ezlm ${verb.name}`, escaped(verb.usage)]).slice(1)),
    section(
      'DESCRIPTION',
      'ezlm keeps mailing lists in directories, takes in mail, obeys commands sent by mail, and delivers every post to every subscriber itself.',
      '.PP',
      'A LIST is an address or a list directory. Text goes to standard output, talk to standard error.',
    ),
    section('VERBS', ...verbs.flatMap(verbLines)),
    section('OPTIONS OF EVERY VERB', ...commonOptions.flatMap((option) => entry(`--${option.name}`, option.meaning))),
    section('PROGRAMS WITH THE NAMES OF EZMLM', ...aliasLines),
    section('EXIT CODES', ...exitCodes.flatMap(([code, meaning]) => entry(code, meaning))),
    section(
      'SIGNALS',
      'To the process of',
      '.BR "ezlm serve" :',
      ...entry(
        'SIGTERM, SIGINT',
        'take no more mail, finish what is on the wire within stopSeconds, and end; nothing that finished is done again. A second one ends at once: the next start takes up what was under way.',
      ),
      ...entry(
        'SIGHUP',
        'read ezlm.json, providers.json and the TLS certificate again. ezlm-settings(5) says of each setting whether a change needs a restart, and so does the log; a file with a mistake changes nothing. Mail that is already waiting for a host goes there; what is looked up from then on goes by the new routes and limits.',
      ),
    ),
    section(
      'ENVIRONMENT',
      ...entry('EZLM_HOME', 'the home directory, where --home is not given'),
      ...entry('SENDER', 'the address that ezmlm-issubn asks about'),
    ),
    section('SEE ALSO', '.BR ezlm-settings (5),', '.BR ezlm-log (7)'),
  ]);
}

const aliasLines = [
  ...entry(
    'ezmlm-make [-+] [-letters] DIR DOT LOCAL HOST [CODE]',
    'as make. DOT is ignored. A DIR elsewhere becomes a link to the list directory.',
  ),
  ...entry('ezmlm-sub DIR [subdir] [address ...]', 'as sub'),
  ...entry('ezmlm-unsub DIR [subdir] [address ...]', 'as unsub'),
  ...entry('ezmlm-list [-n] DIR [subdir]', 'as list'),
  ...entry('ezmlm-issubn [-nN] DIR [subdir ...]', 'as issub, about SENDER: 0 member, 99 not; -n swaps them'),
  '.PP',
  'They exit 0, 99, 100 (it will not work) or 111 (it may work later). Without EZLM_HOME the home is found from DIR.',
];

const exitCodes: readonly (readonly [string, string])[] = [
  ['0', 'done; for issub: the address is on the list'],
  ['64', 'a word of the command line is wrong'],
  ['65', 'the input is wrong; nothing was changed'],
  ['66', 'what was named is not there'],
  ['69', 'something that is needed is missing on this machine'],
  ['70', 'a mistake in ezlm'],
  ['73', 'it exists already'],
  ['74', 'trouble of the disk'],
  ['75', 'it may work later: a database is locked by another process'],
  ['77', 'permission denied'],
  ['78', 'the settings are missing or wrong'],
  ['99', 'for issub: the address is not on the list'],
];

function verbLines(verb: VerbRow): string[] {
  return [
    `.SS ezlm ${verb.name} ${escaped(verb.usage)}`,
    escaped(`${verb.meaning[0]!.toUpperCase()}${verb.meaning.slice(1)}.`),
    ...verb.more.map(escaped),
    ...verb.arguments.flatMap((row) => entry(row.name.toUpperCase(), row.meaning)),
    ...optionsOf(verb)
      .filter((option) => !commonOptions.includes(option))
      .flatMap((option) => {
        const choices = option.choices ? ` (${option.choices.join(', ')})` : '';
        return entry(
          `--${option.name}${option.letter === undefined ? '' : `, -${option.letter}`}`,
          option.meaning + choices,
        );
      }),
    '.PP',
    verb.examples.length === 1 ? 'Example:' : 'Examples:',
    ...verb.examples.flatMap((example) => [
      '.PP',
      '.nf',
      `    ${escaped(example.line)}`,
      '.fi',
      escaped(`    ${example.meaning}`).trim(),
    ]),
  ];
}

function settingsPage(): string {
  return page('ezlm-settings', 5, 'settings of the server and of a list', [
    section(
      'DESCRIPTION',
      'Both files hold one JSON object; comments and a last comma are allowed. A setting that is not given has its initial value.',
      'A list goes on with its last good settings while its file has a mistake;',
      '.B ezlm check',
      'reports every mistake with its line.',
    ),
    section(
      'EZLM.JSON',
      'The daemon reads this file when it starts, and again on SIGHUP.',
      ...(serverSettingRows as readonly SettingRow[]).flatMap((row) => [
        ...settingLines(row),
        row.isLive ? 'SIGHUP takes a change over.' : 'A change needs a restart.',
      ]),
    ),
    section('LIST.JSON', 'A change of this file holds at once.', ...listSettingRows.flatMap(settingLines)),
    section('SEE ALSO', '.BR ezlm (1)'),
  ]);
}

function settingLines(row: SettingRow): string[] {
  return [
    ...entry(`${row.name} = ${initialText(row)}`, `${row.meaning}.`),
    '.br',
    escaped(`May be ${limitText(row)}.`),
  ];
}

function logPage(): string {
  return page('ezlm-log', 7, 'events in the log of the daemon', [
    section(
      'DESCRIPTION',
      'Each line of the log is a JSON object with the time, the level, the event, and fields of that event.',
      'The setting logLevel says which levels are written.',
    ),
    section(
      'EVENTS',
      ...Object.entries(events).flatMap(([name, { level, meaning }]) => entry(`${name} (${level})`, meaning)),
    ),
    section('SEE ALSO', '.BR ezlm (1),', '.BR ezlm-settings (5)'),
  ]);
}

function page(name: string, number: number, meaning: string, sections: readonly string[]): string {
  return `.\\" made by "npm run man" from the tables in src; do not edit
.TH ${name.toUpperCase()} ${number} "" ezlm ezlm
.SH NAME
${name} \\- ${meaning}
${sections.join('\n')}
`;
}

function section(title: string, ...lines: readonly string[]): string {
  return [`.SH ${title}`, ...lines].join('\n');
}

function entry(term: string, meaning: string): string[] {
  return ['.TP', `.B ${escaped(term)}`, escaped(meaning)];
}

// A backslash begins an escape, a dot or apostrophe at the beginning of a line a request, a bare - becomes a hyphen.
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/, '\\&');
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(manPages())) {
    writeFileSync(new URL(`../../man/${name}`, import.meta.url), text);
  }
}
