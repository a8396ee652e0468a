import type { VerbRow } from './verb-row.ts';

const filters = [
  { name: 'list', type: 'text', meaning: 'only what belongs to this list' },
  { name: 'domain', type: 'text', meaning: 'only what goes to recipients of this domain' },
  {
    name: 'state',
    type: 'text',
    meaning: 'only what is in this state',
    choices: ['ready', 'claimed', 'held', 'untried', 'deferred', 'uncertain'],
  },
  { name: 'kind', type: 'text', meaning: 'only of this kind', choices: ['arrived', 'mail', 'post', 'recipient'] },
  { name: 'older-than', type: 'text', meaning: 'only what is in the queue for longer than this: 90s, 15m, 6h, 2d' },
  { name: 'newer-than', type: 'text', meaning: 'only what is not in the queue for longer than this' },
  { name: 'reply', type: 'text', meaning: 'only what was put off with this text in the reason' },
] as const;

/** Verbs about what the running server does. */
export const operatingVerbs: readonly VerbRow[] = [
  {
    name: 'status',
    usage: '',
    arguments: [],
    options: [],
    changes: false,
    json: true,
    meaning: 'say whether the daemon runs, how far its posts are, and what waits in the queue',
    more: [
      'Exit code 0 whether a daemon runs or not: running says so. Up to 20 posts are named; "ezlm queue list --kind post" has all.',
      'due is when the next entry, or the next try of a recipient, is due; "ezlm trace LIST NUMBER --not-delivered --latest" has each.',
    ],
    examples: [{ line: 'ezlm status --json', meaning: 'for a monitor' }],
    load: () => import('./verbs/status.ts'),
  },
  {
    name: 'queue',
    usage:
      '[list|show|hold|release|retry|drop] [ID ...] [--list LIST] [--domain DOMAIN] [--state STATE] [--kind KIND] [--older-than AGE] [--newer-than AGE] [--reply TEXT]',
    arguments: [
      {
        name: 'action',
        meaning: 'list (when none is given), show, hold, release, retry, drop',
        choices: ['list', 'show', 'hold', 'release', 'retry', 'drop'],
      },
      {
        name: 'ids',
        many: true,
        meaning:
          'ids of entries, or ID/POSITION for a recipient of a post. None: all that the filters find; no filters either: one per line from standard input',
      },
    ],
    options: filters,
    changes: true,
    json: true,
    meaning: 'look at the queue, and move entries and recipients in it',
    more: [
      'An entry is a mail (kind arrived or mail) or a whole post. A recipient of a post who is still to be tried is of kind recipient, with an id like ID/POSITION: untried, or deferred or uncertain after a try. --domain, --reply and these states find such recipients, too, --kind recipient only them. With the id of a post these filters mean recipients of that post. A member who is not in the queue yet is not found: "ezlm queue show ID" says whether all of a post are (cut).',
      'hold keeps an entry from being worked on until release; retry makes what is found due now; drop removes it for good: a recipient fails, and the trace says that the operator did it. A recipient cannot be held alone: "ezlm lane pause DOMAIN" keeps a domain from being tried.',
      'A running daemon gives back what it has taken and not begun before it is dropped; who is on the wire just then is left alone, and it is said how many.',
      'Exit code 66 when something was not there or not in a state that allows the move.',
    ],
    examples: [
      { line: 'ezlm queue --domain example.net', meaning: 'what waits for a domain' },
      { line: 'ezlm queue retry --reply greylist --newer-than 6h', meaning: 'try again what was greylisted today' },
      { line: 'ezlm queue --state untried --domain example.net', meaning: 'who of a domain was not tried so far' },
      { line: 'ezlm queue drop ID --domain example.net', meaning: 'give up those recipients of one post' },
      { line: 'ezlm queue list --older-than 2d --json | jq -r .id | ezlm queue drop', meaning: 'drop what is old' },
    ],
    load: () => import('./verbs/queue.ts'),
  },
  {
    name: 'top',
    usage: '[--interval SECONDS] [--once]',
    arguments: [],
    options: [
      { name: 'interval', type: 'text', meaning: 'seconds between two looks; 2 when not given' },
      {
        name: 'once',
        type: 'flag',
        meaning: 'show it once and end; while a post goes out that is a second, for its rate',
      },
    ],
    changes: false,
    json: true,
    meaning: 'show the lanes and posts at work',
    more: [
      'On a terminal the picture is drawn over the last one until Ctrl-C; elsewhere each look is a block of text.',
      'RATE is results per second over the last seconds. WAITING is what is in memory for a lane, EMPTY IN when that is done at this rate; the queue may hold more for it. The ETA of a post counts all that is left of it.',
    ],
    examples: [
      { line: 'ezlm top', meaning: 'watch a post go out' },
      { line: 'ezlm top --once --json | jq .lanes[].lastReply', meaning: 'what the hosts said last' },
    ],
    load: () => import('./verbs/top.ts'),
  },
  {
    name: 'lane',
    usage: '[list|pause|resume|slow] [LANE|LIST ...] [--to PERCENT]',
    arguments: [
      {
        name: 'action',
        meaning: 'list (when none is given), pause, resume, slow',
        choices: ['list', 'pause', 'resume', 'slow'],
      },
      {
        name: 'names',
        many: true,
        meaning:
          'lanes by name or by one of their hosts, for pause and resume also domains, lists by their address; - reads them from standard input',
      },
    ],
    options: [{ name: 'to', type: 'text', meaning: 'for slow: the share of the full speed, like 10%' }],
    changes: true,
    json: true,
    meaning: 'look at the lanes of the running daemon, and pause, resume or slow them',
    more: [
      'A lane is a set of mail hosts. What is on the wire finishes; the rest goes back into the queue and waits, until resume or the end of the daemon. The same holds for a domain, whose lane goes on with others, and for a host that no mail goes to now.',
      'A list is paused by holding all its posts in the queue, which outlives the daemon; later posts of it are not held.',
    ],
    examples: [
      { line: 'ezlm lane pause mx.example.net', meaning: 'send nothing more through that host' },
      { line: 'ezlm lane pause example.net', meaning: 'keep mail to a domain back' },
      { line: 'ezlm lane slow mx.example.net --to 10%', meaning: 'a tenth of what it did' },
      { line: 'ezlm lane pause news@lists.example.org', meaning: 'hold the posts of a list' },
    ],
    load: () => import('./verbs/lane.ts'),
  },
];
