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
    usage: 'LIST [--no-wait] < MESSAGE',
    arguments: [listRow],
    options: [{ name: 'no-wait', type: 'flag', meaning: 'at a terminal: do not show how far the post is' }],
    changes: true,
    json: true,
    meaning: 'post a message as the owner',
    more: [
      'The message (header, empty line, body) is queued with the owner as its envelope sender; the id of its queue entry is printed.',
      'From, Date and Message-ID are added where they are missing.',
      'At a terminal it shows rate, counts and ETA until each member was tried once. Ctrl-C ends that and not the post, which "ezlm top" goes on showing.',
      '"ezlm queue hold ID" pauses the post, and "ezlm queue release ID" lets it go on where it stood.',
    ],
    examples: [
      { line: 'ezlm send news@lists.example.org < issue-12.eml', meaning: 'an announcement' },
      {
        line: 'id=$(ezlm send news@lists.example.org --no-wait < issue-12.eml)',
        meaning: 'for a script, and "ezlm queue hold $id"',
      },
    ],
    load: () => import('./verbs/send.ts'),
  },
  {
    name: 'trace',
    usage: 'LIST NUMBER [ADDRESS] [--state STATE] [--not-delivered] [--domain DOMAIN] [--latest] [--summary]',
    arguments: [
      listRow,
      { name: 'number', needed: true, meaning: 'the number of a post' },
      { name: 'address', meaning: 'only this recipient' },
    ],
    options: [
      {
        name: 'state',
        type: 'text',
        meaning: 'only recipients who stand so now',
        choices: ['delivered', 'deferred', 'failed', 'uncertain'],
      },
      { name: 'not-delivered', type: 'flag', meaning: 'only recipients who have not got it' },
      { name: 'domain', type: 'text', meaning: 'only recipients of this domain' },
      { name: 'latest', type: 'flag', meaning: 'only the latest attempt of each' },
      { name: 'summary', type: 'flag', meaning: 'count them instead: in all, by domain, and by reason' },
    ],
    changes: false,
    json: true,
    meaning: 'say what became of a post, attempt by attempt',
    more: [
      'Each attempt is a line: time, address, state, host, reply, and when the next one is due.',
      'deferred: it is tried again; failed: it is not; uncertain: the connection broke after the message, so it is tried again and may arrive twice.',
      'The summary counts whom nobody has tried yet as untried. Exit code 66 when there is no such post, or nobody of it was tried.',
    ],
    examples: [
      { line: 'ezlm trace news@lists.example.org 17 bob@example.net', meaning: 'did bob get post 17?' },
      {
        line: 'ezlm trace news@lists.example.org 17 --summary',
        meaning: 'how many got it, and why the others did not',
      },
      {
        line: 'ezlm trace news@lists.example.org 17 --not-delivered --latest --json',
        meaning: 'who did not, why, and what is due when',
      },
    ],
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
