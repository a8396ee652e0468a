/**
 * Every event that can be logged: its level and what it means to an operator. The manual's list is made from this table.
 * A line in the log is one JSON object: time, level, event, and the fields named by the caller.
 */
export const events = {
  'daemon.started': { level: 'info', meaning: 'the daemon serves this home' },
  'daemon.stopping': { level: 'info', meaning: 'a signal asked the daemon to stop' },
  'daemon.stopped': { level: 'info', meaning: 'everything that ran has finished and is on disk' },
  'daemon.cut': {
    level: 'warn',
    meaning:
      'the time for stopping was over before everything had finished; says what was cut off, which the next start takes up',
  },
  'daemon.recovered': {
    level: 'info',
    meaning: 'what the last run had begun and not ended was given back; says how many',
  },
  'settings.problem': { level: 'warn', meaning: 'a settings file has a mistake; the last good settings go on' },
  'settings.reloaded': {
    level: 'info',
    meaning:
      'SIGHUP: settings were read again; says which were taken over, which need a restart, and whether the certificate could be read',
  },
  'session.refused': { level: 'info', meaning: 'a command of a client was refused; says which and why' },
  'message.accepted': { level: 'info', meaning: 'a message is on disk and was answered with 250' },
  'message.refused': { level: 'info', meaning: 'a message was refused when it had come; says why' },
  'entry.done': { level: 'info', meaning: 'a queue entry was worked off; says by which stage and with what result' },
  'entry.deferred': {
    level: 'warn',
    meaning: 'a queue entry could not be worked off now; says when it is tried again',
  },
  'entry.dropped': { level: 'warn', meaning: 'a queue entry was given up; says why' },
  'post.archived': { level: 'info', meaning: 'a post is in the archive as a file' },
  'post.numbered': { level: 'info', meaning: 'a post has its number' },
  'post.queued': { level: 'info', meaning: 'a post is queued for its members' },
  'post.rejected': { level: 'info', meaning: 'a post was rejected or discarded; says by which rule' },
  'post.sent': { level: 'info', meaning: 'every copy of a post has its final outcome' },
  'post.blamed': {
    level: 'error',
    meaning:
      'a provider refuses a post for what it is (spam, a signature, its size): the rest of it is put off there, "ezlm queue retry" lets it go on; says until when and the last reply',
  },
  'command.done': { level: 'info', meaning: 'a mail command was carried out' },
  'command.ignored': { level: 'info', meaning: 'a mail command was not answered; says by which guard' },
  'bounce.recorded': { level: 'info', meaning: 'a bounce was recorded against a member' },
  'bounce.complaint': {
    level: 'warn',
    meaning: 'a provider passed on the complaint of a member, who is unsubscribed and suppressed at once',
  },
  'bounce.proved': { level: 'info', meaning: 'a probe came back: its member was removed or suspended' },
  'bounce.stepped': {
    level: 'info',
    meaning: 'warnings or probes of a list were queued; says how many, and how many members are well again',
  },
  'bounce.alarm': {
    level: 'error',
    meaning: 'many hosts refuse the mail of a list for the sake of policy or reputation; its owner is told',
  },
  'bounce.ignored': { level: 'info', meaning: 'a bounce proved nothing (wrong MAC, no member)' },
  'delivery.delivered': { level: 'debug', meaning: 'a recipient has the message' },
  'delivery.deferred': { level: 'info', meaning: 'a recipient is tried again later' },
  'delivery.failed': { level: 'info', meaning: 'a recipient will not get the message' },
  'dsn.queued': {
    level: 'info',
    meaning: 'the sender of a mail, or the postmaster, is told what became of it; says to whom and what',
  },
  'dsn.lost': {
    level: 'warn',
    meaning: 'a mail failed that had been sent on to the postmaster: nobody is left to be told',
  },
  'lane.trouble': { level: 'warn', meaning: 'a host could not be reached or ended a session' },
  'lane.backedOff': {
    level: 'warn',
    meaning: 'a lane, or all lanes of its provider, are left alone for a while; says until when and after what reply',
  },
  'lane.alarm': {
    level: 'error',
    meaning:
      'a provider says that something of ours is wrong (DNS, authentication, TLS, reputation): waiting does not help; at most once an hour for each provider and rule',
  },
  'lane.dead': { level: 'warn', meaning: 'a host did not answer several times and is left alone until the time said' },
  'route.trouble': {
    level: 'error',
    meaning:
      'a next hop was ready, and what its route or profile asks for failed (TLS, a login): mail to it waits until somebody looks at it',
  },
  'tls.refused': {
    level: 'warn',
    meaning:
      'a host does not meet what is published of its TLS (MTA-STS, DANE): it gets no mail, and mail that has no other host waits; says who asks for it and what is wrong',
  },
  'tls.trial': {
    level: 'info',
    meaning:
      'a domain tries out a policy of MTA-STS (mode testing) that one of its hosts does not meet: mail goes there all the same',
  },
  'sts.trouble': {
    level: 'warn',
    meaning:
      'the MTA-STS policy of a domain could not be fetched or read: the last one holds for as long as it said, else mail goes as if there were none',
  },
  'keys.trouble': { level: 'error', meaning: 'a DKIM key cannot be used; mail goes out without its signature' },
  'storage.trouble': { level: 'error', meaning: 'a database could not be read or written' },
} as const satisfies Record<string, { level: 'debug' | 'info' | 'warn' | 'error'; meaning: string }>;

export type EventName = keyof typeof events;

/** Where events go. Fields are plain values; a text of others is shown escaped, and secrets are never given. */
export type Log = (event: EventName, fields: Readonly<Record<string, string | number | boolean | undefined>>) => void;
