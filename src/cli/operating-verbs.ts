import type { VerbRow } from './verb-row.ts';

const filters = [
  { name: 'list', type: 'text', meaning: 'only entries of this list' },
  { name: 'domain', type: 'text', meaning: 'only entries to recipients of this domain' },
  { name: 'state', type: 'text', meaning: 'only entries in this state', choices: ['ready', 'claimed', 'held'] },
  { name: 'kind', type: 'text', meaning: 'only entries of this kind', choices: ['arrived', 'mail', 'post'] },
  { name: 'older-than', type: 'text', meaning: 'only entries older than this: 90s, 15m, 6h, 2d' },
  { name: 'newer-than', type: 'text', meaning: 'only entries newer than this' },
  { name: 'reply', type: 'text', meaning: 'only entries whose latest deferral has this text in its reason' },
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
        meaning: 'ids of entries. None: all that the filters find; no filters either: one per line from standard input',
      },
    ],
    options: filters,
    changes: true,
    json: true,
    meaning: 'look at the queue, and move entries in it',
    more: [
      'hold keeps an entry from being worked on until release; retry makes it due now; drop removes it for good.',
      'Exit code 66 when an entry was not there or not in a state that allows the move.',
    ],
    examples: [
      { line: 'ezlm queue --domain example.net', meaning: 'what waits for a domain' },
      { line: 'ezlm queue retry --reply greylist --newer-than 6h', meaning: 'try again what was greylisted today' },
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
      { name: 'once', type: 'flag', meaning: 'look once and end' },
    ],
    changes: false,
    json: true,
    meaning: 'show the lanes and posts at work',
    more: [
      'On a terminal the picture is drawn over the last one until Ctrl-C; elsewhere each look is a block of text.',
      'RATE is results per second over the last seconds, WAITING what is in memory for a lane, ETA when that is done at this rate.',
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
        meaning: 'lanes by name or by one of their hosts, lists by their address; - reads them from standard input',
      },
    ],
    options: [{ name: 'to', type: 'text', meaning: 'for slow: the share of the full speed, like 10%' }],
    changes: true,
    json: true,
    meaning: 'look at the lanes of the running daemon, and pause, resume or slow them',
    more: [
      'A lane is a set of mail hosts. What is on the wire finishes; the rest waits. Until resume, or until the daemon ends.',
      'A list is paused by holding all its posts in the queue, which outlives the daemon; later posts of it are not held.',
    ],
    examples: [
      { line: 'ezlm lane pause mx.example.net', meaning: 'send nothing more through that host' },
      { line: 'ezlm lane slow mx.example.net --to 10%', meaning: 'a tenth of what it did' },
      { line: 'ezlm lane pause news@lists.example.org', meaning: 'hold the posts of a list' },
    ],
    load: () => import('./verbs/lane.ts'),
  },
];
