import { listRow } from './list-verbs.ts';
import type { VerbRow } from './verb-row.ts';

/** Verbs about mail that comes back. */
export const bounceVerbs: readonly VerbRow[] = [
  {
    name: 'bounces',
    usage: 'LIST [ADDRESS] [--members] [--evidence] [--limit N] [--reset] [--test FILE]',
    arguments: [listRow, { name: 'address', meaning: 'only this member' }],
    options: [
      { name: 'members', type: 'flag', meaning: 'where members stand, instead of what came back' },
      { name: 'evidence', type: 'flag', meaning: 'with each bounce the beginning of the mail that came back' },
      { name: 'limit', type: 'text', meaning: 'how many bounces at the most (1000)' },
      { name: 'reset', type: 'flag', meaning: 'forget what is known against the member: mail goes there again' },
      { name: 'test', type: 'text', meaning: 'judge the mail in a file; nothing is recorded' },
    ],
    changes: true,
    json: true,
    meaning: 'print what came back from members, the latest first, and where they stand',
    more: [
      'Each line: time, address, number of the post (- for other mail), how it came (mail: a message came back; refused: the host refused',
      'it; complaint), the reason, whether the address itself is bad, and the words that decided.',
      'With --members: address, role, state (ok, warned, probed, suspended), since when, score, why, and when the next step is due.',
      'A member whose address is bad is warned after warnDays; if the warning comes back, a probe follows after probeDays; only if that comes',
      'back too is the member removed, or suspended (setting bounces). Refusals for the sake of policy or reputation lead to nothing.',
    ],
    examples: [
      { line: 'ezlm bounces news@lists.example.org bob@example.net --evidence', meaning: 'why does bob get nothing?' },
      { line: 'ezlm bounces news@lists.example.org --members', meaning: 'who is on the way out?' },
      { line: 'ezlm bounces news@lists.example.org bob@example.net --reset', meaning: 'bob is well again' },
      { line: 'ezlm bounces news@lists.example.org --test bounce.eml', meaning: 'what would be made of this mail?' },
      {
        line: 'ezlm bounces news@lists.example.org --json | jq -r .reason | sort | uniq -c',
        meaning: 'reasons, counted',
      },
    ],
    load: () => import('./verbs/bounces.ts'),
  },
  {
    name: 'suppress',
    usage: 'list|add|lift|erase [ADDRESS ...] [--list LIST]',
    arguments: [
      {
        name: 'action',
        meaning: 'list (when none is given), add, lift, erase',
        choices: ['list', 'add', 'lift', 'erase'],
      },
      { name: 'addresses', many: true, meaning: 'addresses. None: one per line from standard input' },
    ],
    options: [
      { name: 'list', type: 'text', meaning: 'the suppression list of this list; without it that of the server' },
    ],
    changes: true,
    json: true,
    meaning: 'look at and change who gets no mail whoever adds them',
    more: [
      'Who complains is suppressed at that list. add also ends the memberships there are: at the list, or at every list.',
      'sub and imports leave suppressed addresses out; their own confirmed subscription lifts the suppression.',
      'erase forgets the address and its bounces, at the list or at the server and every list; its keyed hash stays, by which it is recognised.',
    ],
    examples: [
      { line: 'ezlm suppress add bob@example.net', meaning: 'no list of this server mails bob' },
      { line: 'ezlm suppress list --list news@lists.example.org --json', meaning: 'who complained?' },
      { line: 'ezlm suppress erase bob@example.net', meaning: 'forget who bob was' },
    ],
    load: () => import('./verbs/suppress.ts'),
  },
];
