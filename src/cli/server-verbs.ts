import type { VerbRow } from './verb-row.ts';

const shells = ['bash', 'zsh', 'fish'] as const;

/** Verbs about the whole server. */
export const serverVerbs: readonly VerbRow[] = [
  {
    name: 'init',
    usage: '--domain DOMAIN [SETTING=VALUE ...]',
    arguments: [
      { name: 'settings', many: true, meaning: 'settings of ezlm.json as name=value; "ezlm settings" shows them' },
    ],
    options: [{ name: 'domain', type: 'text', meaning: 'the domain of the lists, like lists.example.org' }],
    changes: true,
    json: true,
    meaning: 'make a home, and print the DNS records to publish',
    more: ['The home directory is made when it is not there. An existing ezlm.json is never overwritten.'],
    examples: [
      { line: 'ezlm init --home /var/lib/ezlm --domain lists.example.org', meaning: 'a home for one domain' },
      { line: 'ezlm init --domain lists.example.org smtp=127.0.0.1:2525', meaning: 'listen on another port' },
    ],
    load: () => import('./verbs/init.ts'),
  },
  {
    name: 'dns',
    usage: '[DOMAIN] [--make-keys | --rotate [--force]] [--algorithm rsa|ed25519]',
    arguments: [{ name: 'domain', meaning: 'a domain of ezlm.json; without it the first' }],
    options: [
      {
        name: 'make-keys',
        type: 'flag',
        meaning: 'make a DKIM key and a spare one, of a kind that the domain has none of',
      },
      { name: 'rotate', type: 'flag', meaning: 'the spare DKIM key signs from now on; a new spare is made' },
      { name: 'force', type: 'flag', meaning: 'rotate although DNS has not the record of the spare key' },
      {
        name: 'algorithm',
        type: 'text',
        meaning:
          'of new keys: rsa (usual), which every receiver verifies, or ed25519; --rotate keeps the kinds of the spare keys',
        choices: ['rsa', 'ed25519'],
      },
    ],
    changes: true,
    json: true,
    meaning: 'print the DNS records to publish, and change the keys that sign mail',
    more: [
      'Mail is signed (DKIM) as soon as keys/DOMAIN holds a key. Publish the record of a spare key some days before --rotate; a key that signs no more is kept in keys/DOMAIN/old: leave its record in DNS until what it signed has arrived, a week or so.',
      'With keys of both kinds mail is signed twice: "--make-keys --algorithm ed25519" adds the second.',
      'Exit code 75 when --rotate finds that the record of the spare key is not in DNS.',
    ],
    examples: [
      { line: 'ezlm dns lists.example.org', meaning: 'what to publish' },
      { line: 'ezlm dns lists.example.org --rotate', meaning: 'sign with the next key' },
    ],
    load: () => import('./verbs/dns.ts'),
  },
  {
    name: 'serve',
    usage: '[--sandbox] [--role ROLE] [--smtp HOST:PORT] [--lmtp HOST:PORT] [--route DOMAIN=NEXTHOP]',
    arguments: [],
    options: [
      {
        name: 'sandbox',
        type: 'flag',
        meaning: 'try it out: a home ./sandbox, mail into Maildirs there, nothing leaves the machine',
      },
      {
        name: 'tour-only',
        type: 'flag',
        meaning: 'with --sandbox: play the tour in a home of its own and stop; 1 when a step failed',
      },
      { name: 'role', type: 'text', meaning: 'which parts run', choices: ['all', 'receive', 'deliver', 'web'] },
      { name: 'smtp', type: 'texts', meaning: 'listen for SMTP here instead of where ezlm.json says' },
      { name: 'lmtp', type: 'texts', meaning: 'listen for LMTP here instead of where ezlm.json says' },
      {
        name: 'route',
        type: 'texts',
        meaning:
          'next hop for a domain (.DOMAIN for all below it, * for all), over those of ezlm.json; written as in the setting routes',
      },
    ],
    changes: false,
    json: false,
    meaning: 'run the daemon',
    more: [
      'One daemon serves a home at a time. SIGTERM and SIGINT stop it; nothing that was accepted is lost.',
      'SIGHUP has it read ezlm.json, providers.json and the TLS certificate again; a change of hostname, smtp, lmtp, submission, submissions, proxyFrom, xclientFrom, deliveryWorkers, dnssecResolver, metrics or sandbox needs a restart.',
    ],
    examples: [
      { line: 'ezlm serve --sandbox', meaning: 'see a list at work' },
      { line: "ezlm serve --home /var/lib/ezlm --route '*=127.0.0.1:2526'", meaning: 'all mail to one next hop' },
      { line: "ezlm serve --route '*=smtp://smtp.example.net:587?user=me'", meaning: 'a smarthost with a login' },
    ],
    load: () => import('./verbs/serve.ts'),
  },
  {
    name: 'check',
    usage: '[LIST]',
    arguments: [{ name: 'list', meaning: 'only this list: its address or directory' }],
    options: [],
    changes: false,
    json: true,
    meaning: 'report every mistake in the settings, and files that are not as they should be',
    more: [
      'Each problem is a line FILE:LINE: WHAT. Exit code 78 when there is any.',
      'The keys that sign mail are compared with their records in DNS; a name server that does not answer is only mentioned.',
      'The name server of the setting dnssecResolver is asked for a domain that is signed: it has to answer, and to say that it is proved.',
    ],
    examples: [{ line: 'ezlm check', meaning: 'after ezlm.json or a list.json was edited' }],
    load: () => import('./verbs/check.ts'),
  },
  {
    name: 'settings',
    usage: '[server|list]',
    arguments: [
      {
        name: 'which',
        meaning: 'server (ezlm.json) or list (list.json); without it both',
        choices: ['server', 'list'],
      },
    ],
    options: [],
    changes: false,
    json: true,
    meaning: 'explain every setting: its meaning, initial value and limits',
    more: [],
    examples: [{ line: 'ezlm settings list', meaning: 'what a list.json may say' }],
    load: () => import('./verbs/settings.ts'),
  },
  {
    name: 'user',
    usage: '[list|add|remove|password] [ADDRESS] [SETTING=VALUE ...]',
    arguments: [
      {
        name: 'action',
        meaning: 'list (when none is given), add, remove, password',
        choices: ['list', 'add', 'remove', 'password'],
      },
      { name: 'address', meaning: 'the address of the user, which is also the name to log in with' },
      {
        name: 'settings',
        many: true,
        meaning:
          'for add: senders=ADDRESS,@DOMAIN messagesPerHour=N messagesPerDay=N recipientsPerHour=N recipientsPerDay=N',
      },
    ],
    options: [],
    changes: true,
    json: true,
    meaning: 'say who may hand in mail with a password (settings submission and submissions)',
    more: [
      'The password is one line of standard input. users.json holds hashes (scrypt) and may be edited: the daemon sees changes at once.',
      'A user sends as the own address and as those of senders, within the limits: 100 messages and 500 recipients an hour, 500 and 2,000 a day.',
      "Who logs in with the address of a list's owner posts as its owner.",
      'Exit code 66 when the user is there already, or not there.',
    ],
    examples: [
      { line: 'ezlm user add ann@example.org senders=@lists.example.org < password', meaning: 'let somebody send' },
      { line: 'ezlm user password ann@example.org', meaning: 'type another password' },
      { line: 'ezlm user list --json | jq -r .name', meaning: 'who may send' },
    ],
    load: () => import('./verbs/user.ts'),
  },
  {
    name: 'completion',
    usage: 'bash|zsh|fish',
    arguments: [{ name: 'shell', needed: true, meaning: 'bash, zsh or fish', choices: shells }],
    options: [],
    changes: false,
    json: false,
    meaning: 'print a completion script for a shell',
    more: [],
    examples: [{ line: 'source <(ezlm completion bash)', meaning: 'complete verbs and options in this shell' }],
    load: () => import('./verbs/completion.ts'),
  },
];
