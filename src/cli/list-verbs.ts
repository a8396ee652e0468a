import type { ArgumentRow, VerbRow } from './verb-row.ts';

/** The argument that says which list. */
export const listRow: ArgumentRow = {
  name: 'list',
  needed: true,
  meaning: 'a list: its address (news@lists.example.org) or its directory',
};

const roleNames = ['digest', 'allow', 'deny', 'mod'] as const;
const role: ArgumentRow = {
  name: 'role',
  meaning: 'digest, allow, deny or mod; without it the subscribers',
  choices: roleNames,
};

const roleAndAddresses: ArgumentRow = {
  name: 'addresses',
  many: true,
  meaning:
    'digest, allow, deny or mod first, when it is not about subscribers; then addresses. None: one per line from standard input',
  choices: roleNames,
};

const skipBad = {
  name: 'skip-bad',
  type: 'flag',
  meaning: 'go on with the good addresses when some are bad (they are still reported)',
} as const;

/** Verbs about one list. */
export const listVerbs: readonly VerbRow[] = [
  {
    name: 'make',
    usage: 'LIST [-LETTERS] [--owner ADDRESS] [SETTING=VALUE ...]',
    arguments: [
      listRow,
      { name: 'settings', many: true, meaning: 'settings as name=value; "ezlm settings" shows them' },
    ],
    options: [
      {
        name: 'letters',
        type: 'text',
        meaning:
          "ezmlm-make's letters, also written -abC: lower case on, upper case off; -e sets an existing list to exactly these letters, -+ changes only these",
      },
      { name: 'owner', type: 'text', meaning: 'who gets mail to the -owner address' },
    ],
    changes: true,
    json: true,
    meaning: 'make a list, or edit its settings',
    more: [
      'The list is a directory below lists/ in the home. Its domain must be one of the domains of ezlm.json.',
      'A letter whose behaviour is not active yet is kept in the list and reported.',
    ],
    examples: [
      {
        line: 'ezlm make news@lists.example.org --owner anna@example.org',
        meaning: 'a list on which subscribers may post',
      },
      {
        line: 'ezlm make news@lists.example.org -+ -f title="The news"',
        meaning: 'switch the subject prefix on and set the title',
      },
    ],
    load: () => import('./verbs/make.ts'),
  },
  {
    name: 'sub',
    usage: 'LIST [ROLE] [ADDRESS ...]',
    arguments: [listRow, roleAndAddresses],
    options: [skipBad],
    changes: true,
    json: true,
    meaning: 'add addresses to a list',
    more: [
      'All input is checked before the first change. Bad lines are reported by number, and then nothing is changed unless --skip-bad is given.',
      'Addresses that are there already stay as they are, so a run can be repeated. In allow and deny, @example.net stands for every address of the domain.',
    ],
    examples: [
      { line: 'ezlm sub news@lists.example.org bob@example.net', meaning: 'one subscriber' },
      { line: 'ezlm sub news@lists.example.org deny @spam.example', meaning: 'nobody of a domain may post' },
      { line: 'ezlm sub news@lists.example.org < addresses.txt', meaning: 'as many as the file has lines' },
    ],
    load: () => import('./verbs/sub.ts'),
  },
  {
    name: 'unsub',
    usage: 'LIST [ROLE] [ADDRESS ...]',
    arguments: [listRow, roleAndAddresses],
    options: [skipBad],
    changes: true,
    json: true,
    meaning: 'remove addresses from a list',
    more: ['Input is treated as by sub. An address that is not there is no error.'],
    examples: [{ line: 'ezlm unsub news@lists.example.org bob@example.net', meaning: 'bob gets no more posts' }],
    load: () => import('./verbs/unsub.ts'),
  },
  {
    name: 'list',
    usage: 'LIST [ROLE] [-n]',
    arguments: [listRow, role],
    options: [{ name: 'number', letter: 'n', type: 'flag', meaning: 'print only how many there are' }],
    changes: false,
    json: true,
    meaning: 'print the addresses of a list',
    more: ['One address per line, sorted by domain.'],
    examples: [
      { line: 'ezlm list news@lists.example.org', meaning: 'every subscriber' },
      { line: 'ezlm list news@lists.example.org mod -n', meaning: 'how many moderators there are' },
    ],
    load: () => import('./verbs/list.ts'),
  },
  {
    name: 'issub',
    usage: 'LIST ADDRESS [ROLE]',
    arguments: [listRow, { name: 'address', needed: true, meaning: 'the address in question' }, role],
    options: [],
    changes: false,
    json: true,
    meaning: 'ask whether an address is on a list',
    more: ['Exit code 0: it is; 99: it is not. Nothing is printed without --json.'],
    examples: [{ line: 'ezlm issub news@lists.example.org bob@example.net && echo yes', meaning: 'for scripts' }],
    load: () => import('./verbs/issub.ts'),
  },
  {
    name: 'send',
    usage: 'LIST < MESSAGE',
    arguments: [listRow],
    options: [],
    changes: true,
    json: true,
    meaning: 'post a message as the owner',
    more: [
      'The message (header, empty line, body) is queued with the owner as its envelope sender; the id of its queue entry is printed.',
      'From, Date and Message-ID are added where they are missing.',
    ],
    examples: [{ line: 'ezlm send news@lists.example.org < issue-12.eml', meaning: 'an announcement' }],
    load: () => import('./verbs/send.ts'),
  },
  {
    name: 'trace',
    usage: 'LIST NUMBER [ADDRESS]',
    arguments: [
      listRow,
      { name: 'number', needed: true, meaning: 'the number of a post' },
      { name: 'address', meaning: 'only this recipient' },
    ],
    options: [],
    changes: false,
    json: true,
    meaning: 'say what became of a post, attempt by attempt',
    more: ['Each attempt is a line: time, address, state, host, reply.'],
    examples: [{ line: 'ezlm trace news@lists.example.org 17 bob@example.net', meaning: 'did bob get post 17?' }],
    load: () => import('./verbs/trace.ts'),
  },
  {
    name: 'log',
    usage: 'LIST',
    arguments: [listRow],
    options: [],
    changes: false,
    json: true,
    meaning: 'print the changes of a list, oldest first',
    more: ['Each line: time, what happened, role, address, note.'],
    examples: [{ line: 'ezlm log news@lists.example.org | tail', meaning: 'the latest changes' }],
    load: () => import('./verbs/log.ts'),
  },
];
