import type { BounceReason, RefusedCommand } from './bounce-reason.ts';

/** Words, and the reason that they tell. */
export interface Row {
  readonly reason: BounceReason;
  readonly text: RegExp;
  /** Only when this command was refused. */
  readonly command?: RefusedCommand;
}

/** Words that say that a mailbox is not there. */
export const unknownUser =
  /not listed in|(?:recipient|receiver)s? (?:unknown|not (?:known|found))|not a known user|no (?:account|user|mailbox|person|one)\b[^.;\n]{0,20} by that name|user not local(?!; please)|list of allowed recipients|address unknown|account not available|user is not here|final email delivery point|address couldn't be found|no valid recipients|user (?:is )?(?:unknown|not (?:found|exist|known|registered|listed))|unknown[ :]*(?:user|recipient|local|address|account)|no such (?:user|recipient|receiver|mailbox|account|address|person|local)|(?:user|mailbox|account|recipient|address|email)[^.;\n]{0,60}(?:does ?n[o']t exist|not exist|doesn't have an? |is unknown|not found|unavailable|not (?:a )?valid|invalid|is inactive|not listed|not recognized|no longer (?:valid|in use|exists|available))|(?:invalid|inactive|unrecogni[sz]ed|undeliverable|bad|incorrect) (?:e-?mail )?(?:address|recipient|mailbox|user|final delivery userid)|recipient (?:name )?(?:is )?(?:not (?:recognized|found|known)|address rejected: (?:user|undeliverable|unverified|access denied|address))|no mailbox (?:here|found)|mailbox (?:not found|unavailable|does not)|not (?:a|our) (?:known|valid|local) (?:user|mailbox|recipient|account)|requested user mailbox not found|recipnotfound|recipientnotfound|adresse (?:d au moins un )?destinataire invalide|unknown to this (?:system|server)|there is no (?:user|mailbox|account|such)|this user doesn'?t have|user unbekannt|is not a (?:valid|known|registered) (?:user|mailbox|address)|delivery userid|recipient address rejected\.?$|couldn'?t find (?:any )?(?:user|mailbox)/im;

/** Codes that say it all, whatever words stand beside them (RFC 3463, RFC 7372, and providers' own). */
export const plainStatuses: readonly (readonly [RegExp, BounceReason])[] = [
  [/^5\.1\.[78]$/, 'rejected'],
  [/^[45]\.1\.6$/, 'hasmoved'],
  [/^[45]\.2\.2$/, 'mailboxfull'],
  [/^5\.2\.3$/, 'exceedlimit'],
  [/^5\.7\.13$/, 'suspend'],
  [/^5\.7\.(?:20|21|22|23|26|509)$/, 'authfailure'],
];

/** Words that decide before anything is asked about the mailbox. */
export const plainWords: readonly Row[] = [
  { reason: 'requireptr', text: /ip name lookup failed/i },
  { reason: 'networkerror', text: /host name lookup failure|host not found, try again/i },
  { reason: 'systemerror', text: /ldap server/i },
  {
    reason: 'userunknown',
    text: /destinataire invalide\. invalid recipient|delivery error: dd this user doesn't have/i,
  },
  { reason: 'hostunknown', text: /account or domain may not exist/i },
  { reason: 'rejected', text: /from: domain is invalid/i },
  { reason: 'spamdetected', text: /blacklisted (?:url|link)|\b(?:uribl|surbl)\b/i },
  {
    reason: 'failedstarttls',
    text: /does not support tls|tls is required|starttls (?:is required|failed|not offered)|must issue a starttls/i,
  },
  {
    reason: 'onhold',
    text: /recipient error\. please try again later|^4\d\d 4\.\d\.\d temporary failure|rejected: on hold/im,
  },
  { reason: 'norelaying', text: /\bno relaying\b/i },
  { reason: 'rejected', text: /to\/from an address that has been blacklisted/i },
  { reason: 'rejected', text: /access denied/i, command: 'MAIL' },
  { reason: 'rejected', text: /purported responsible/i },
  { reason: 'blocked', text: /invalid domain name|\b[he]h?lo\b/i, command: 'connection' },
  { reason: 'expired', text: /could not deliver for the last \d+/i },
  { reason: 'mailererror', text: /procmail|maildrop: |couldn't create "\/var/i },
  { reason: 'policyviolation', text: /content presents a potential|blocked because its content/i },
  {
    reason: 'suspend',
    text: /temporar(?:il)?y locked|account (?:is |has been |that you tried to reach is )?(?:disabled|inactive|locked|suspended|bloque)|disabled recipient|compte du destinataire est bloqu/i,
  },
  { reason: 'onhold', text: /gr[ae]y-?list/i },
  {
    reason: 'mailboxfull',
    text: /mailbox exceeds|mailbox full|mailbox size limit|quota (?:is |was |has been )?exceeded|\bover ?quota\b|out of storage space/i,
  },
  { reason: 'spamdetected', text: /due to spam|rejected as spam|- spam\b/i },
  { reason: 'blocked', text: /client host blocked|adresse ip source bloqu/i },
  { reason: 'networkerror', text: /lost connection with|^dns error: (?![\s\S]*null mx)/im },
  { reason: 'filtered', text: /due to recipient preferences|message filtered/i },
];

/** The first row that holds decides: what is more special stands before what is more common. */
export const rows: readonly Row[] = [
  {
    reason: 'failedstarttls',
    text: /starttls (?:failed|is required)|tls (?:handshake|negotiation) fail|failed to (?:negotiate|start) tls|must issue a starttls|(?:requires?|require) tls/i,
  },
  {
    reason: 'notcompliantrfc',
    text: /not rfc ?\d* ?compliant|rfc ?5?[2-8]22 compliant|duplicate header|multiple addresses in from|messages? (?:with|has) (?:multiple|duplicate)|bare (?:lf|cr)/i,
  },
  {
    reason: 'syntaxerror',
    text: /\b50[0-4] (?:improper sequence|command parameter|command not|syntax|unrecognized command|bad sequence)|malformed address|improper sequence of commands/i,
  },
  {
    reason: 'systemfull',
    text: /insufficient (?:disk|system|storage)|(?:452|4\.3\.1)[^.]{0,40}(?:disk|storage|space)|mail system full/i,
  },
  {
    reason: 'contenterror',
    text: /improper use of 8-?bit|headers? too (?:large|long|big)|invalid (?:header|mime|content)|8bit data|too many (?:mime|parts)/i,
  },
  { reason: 'virusdetected', text: /virus|malware|\bworm\b|infected|mcspamsignature|security policies - mc/i },
  {
    reason: 'exceedlimit',
    text: /recipsizelimit|exceeds limit set by recipient|too large for this recipient|5\.2\.3\b/i,
  },
  {
    reason: 'mesgtoobig',
    text: /message (?:size )?(?:is )?(?:too (?:big|large)|exceed)|(?:message|mail|size|length|line)[^.\n]{0,20}limit (?:is )?exceeded|exceeds? (?:the )?(?:maximum|fixed|allowed)[^.\n]{0,20}size|max(?:imum)? message size|too big|\b5\.3\.4\b/i,
  },
  {
    reason: 'speeding',
    text: /receiving mail (?:at a rate|too quickly)|sent to too many recipients|sending (?:rate|too fast)|unusual rate|too many (?:messages|emails) (?:in|from|per)/i,
  },
  {
    reason: 'mailboxfull',
    text: /mailbox (?:is |has |size |quota |storage )?(?:full|exceed|over|limit)|(?:mailbox|inbox|mail ?box|mailfolder|account|user|disk|storage|recipient)[^.\n]{0,60}(?:over ?quota|is (?:over|full|out of)|quota|(?:storage|allocated|allowed) (?:size|space|limit)|no (?:more )?(?:disk )?space|too full)|quota (?:is )?(?:exceed|reached|full|violat)|over (?:the |its |his |her |their )?(?:mail |disk )?quota|exceed[a-z]* (?:\w+ ){0,3}(?:quota|allocation|disk space|storage limit|allowed size|local limit)|out of (?:email |disk )?(?:storage|space)|insufficient (?:space|quota)|no space left|full mailbox|too much mail data|bo[iî]te (?:du destinataire )?(?:archiv|plein|remplie)|would exceed|mailbox (?:temporarily )?full|meldet speicher/i,
  },
  {
    reason: 'hasmoved',
    text: /no longer on server|has moved|not our (?:customer|user)|has changed (?:his|her|their|email)|new address|moved to|user not local; please try|\b5\.1\.6\b/i,
  },
  {
    reason: 'requireptr',
    text: /\bptr\b|reverse dns|rdns|reverse (?:lookup|mapping)|mismatches client ip|ip name lookup failed|unverifyable sending ips|no reverse|cannot resolve your|server access [^ ]+ forbidden by invalid|does not resolve|hostname lookup|cannot find your (?:hostname|reverse)|valid sender domain|fix reverse/i,
  },
  {
    reason: 'authfailure',
    text: /dmarc|\bspf\b|\bdkim\b|arc (?:fail|validation)|unauthenticated (?:e?mail|message)|sender policy framework|fails? (?:to pass )?authentication|authentication (?:checks|failed for|information)|5\.7\.(?:20|21|22|23|26|509)\b/i,
  },
  { reason: 'badreputation', text: /reputation|\btss\d\d\b|user complaints/i },
  {
    reason: 'spamdetected',
    text: /\bspam\b(?!haus)(?! incident)|\bspam(?:my|ming)\b|\bube\b|message content rejected|unsolicited|bulk e?mail|mail rejete|junk|scored as|considered spam|content (?:was )?rejected|looks like spam|spam classification/i,
  },
  { reason: 'rejected', text: /googlegroups\.com|groups\.google\.com|google\.com\/(?:a\/[^ ]{1,100}\/)?groups/i },
  {
    reason: 'norelaying',
    text: /relay(?:ing)? (?:access )?(?:denied|not (?:allowed|permitted)|prohibited|is not)|insecure mail relay|allowed rcpthosts|not configured to relay|unable to relay|not permitted to relay|not allowed to relay|we do not relay|mail server requires authentication before relay|email address is not verified/i,
  },
  {
    reason: 'toomanyconn',
    text: /too many (?:connections|concurrent|recipients|sessions)|connection (?:rate|frequency) (?:limit|exceed)|connection rate|(?:ip|connection) frequency limited|throttl|rate limit(?:ed)? (?:due|exceed)|maximum (?:number of )?connections/i,
  },
  {
    reason: 'blocked',
    text: /blacklist|black list|block(?:ed)? (?:using|by|list|for|-)|blocked\b|bloqu[eé]e? pour|(?:dnsbl|rbl|spamhaus|sorbs|barracuda|proofpoint)|client host (?:\[?[^ ]*\]? )?(?:rejected|blocked)|banned sending|ip (?:address )?(?:is |has been )?(?:blocked|banned|black|blacklisted)|unfortunately, messages from|not accepting connections|(?:refused to talk|server refused)|invalid ip for sending|service refuse|my name was rejected|access denied\.\.\.|mailserver? (?:is )?refus|\(BL\)|reached your daily|helo|please use the smtp server/i,
  },
  {
    reason: 'suspend',
    text: /disabled|suspend|temporar(?:il)?y locked|is (?:locked|frozen|blocked|inactive|bloque|closed|deactivated)|account (?:is |has been )?(?:locked|closed|inactive|discontinued|expired|deactivated)|mailbox (?:is )?(?:frozen|locked|inactive)|discontinued|inactive (?:account|user|mailbox)|boite du destinataire archiv/i,
  },
  {
    reason: 'notaccept',
    text: /null mx|does ?n[o']t (?:accept|receive) (?:any )?(?:e?mail)|no smtp service|no mx (?:record|found)|couldn'?t find a mail exchanger|mail exchanger or ip address|does not accept (?:mail|email)|do not accept (?:mail|email)|smtp service not available/i,
  },
  {
    reason: 'hostunknown',
    text: /host (?:or domain name )?(?:is )?(?:unknown|not found)|unknown (?:host|domain)|no such (?:domain|host)|domain (?:name )?(?:is )?(?:not (?:found|exist|reachable)|does not exist|invalid|unknown)|invalid (?:domain|host)|couldn'?t find any host|unrout[e]?able (?:mail )?(?:address|domain)|nxdomain|mx records point to non-existent|has no (?:mx|a|mail)[^.\n]{0,20} records?|dns lookup failure|name or service not known|host .{1,100} not found|does not exist$|bad destination (?:system|host)|domain (?:may|must) not|\b5\.1\.2\b/i,
  },
  {
    reason: 'rejected',
    text: /sender (?:address )?(?:is )?(?:rejected|denied|refused|blocked|not allowed)|domain of sender address|unroutable sender|sender .{0,80}(?:not (?:exist|allowed|accepted|permitted|verified)|was rejected)|address that has been blacklisted|\b5\.1\.[78]\b|all recipient addresses rejected|not a registered gateway|send mail as|group you tried to contact|not have permission to post|from: ?\s*domain is invalid|not be authorized to send|messages? from .{1,80} temporarily deferred/i,
  },
  {
    reason: 'policyviolation',
    text: /policy|header error|protocol violation|network not allowed|potential(?:ly)? (?:security|dangerous|harmful)|message not allowed|violat|content presents a potential|local_policy|attachments? (?:type|not|is|are|of|has|have|blocked|rejected|filter)|(?:blocked|prohibited|forbidden|illegal|dangerous|executable|banned|unacceptable) (?:file |mail )?attachment|not accepted for/i,
  },
  {
    reason: 'securityerror',
    text: /auth(?:entication)? ?required|authrequired|unauthenticated senders|smtp authentication|access (?:is )?(?:denied|forbidden|not permitted)|not authori[sz]ed|security|permission|\b530\b|5\.7\.(?:6|9|0)\b/i,
  },
  {
    reason: 'expired',
    text: /expired|not yet been delivered|timed? ?out|timeout|not (?:been )?(?:delivered|reach)[^.\n]{0,40}(?:within|after|for) \d|too long|retry time|could not be delivered for|has been failing|failing for a long time|host (?:is )?not (?:reachable|responding)|did not accept our requests to connect|delivery (?:failed )?\d+ attempts|will be retried|no(?:t)? response|unreachable for|not responding|giv(?:en|ing) up after|delivery (?:temporarily suspended|delayed)|still not|after \d+ (?:hours|days|attempts)|retry timeout/i,
  },
  {
    reason: 'networkerror',
    text: /too many hops|hop count|routing loop|mail loop|loops? back|no route to host|network (?:is )?(?:unreachable|error)|lost connection|connection (?:refused|reset|lost|dropped|closed)|name service error|(?:dns|name server|nameserver) (?:error|failure|lookup|timeout)|try again later \(dns|host not\s+found, try again|refused by|wasn'?t able to establish|could not connect|cannot connect|unable to connect/i,
  },
  {
    reason: 'mailererror',
    text: /command failed|procmail|mailer (?:error|failed)|exit(?:ed)? (?:status|with|code)|pipe to|local delivery failed|child process|unknown mailer|maildrop|\bx-unix\b|service unavailable$/i,
  },
  {
    reason: 'systemerror',
    text: /system error|internal (?:server )?error|local (?:configuration|error)|config(?:uration)? error|queue file write|write error|ldap|could not load|service (?:currently |is )?unavailable|transaction failed|server (?:error|failure)|aliasing|resources? (?:temporarily )?unavailable|unexpected|can'?t (?:open|create|write)|unable to deliver message after|database|proxy|please try (?:again )?later|essayer plus tard|temporar/i,
  },
];

/** Words about the address that a host says whatever it was sent, or that the host of the mailbox itself says. */
export const ownWords =
  /^[ \t]{0,40}(?:unknown user|(?:the )?(?:user|mailbox|account|address) (?:does not exist|doesn't exist|(?:is )?unknown))[.!]?[ \t]{0,40}$|recipient does not exist|5\.5\.0 requested action not taken: mailbox unavailable|address couldn't be found|no valid recipients|(?:^|: )unknown user:|recipient name is not recognized|invalid final delivery userid|^unknown (?:user|local part)|^unknown user:|not listed in|no mailbox here|recipient address rejected|adresse (?:d au moins un )?destinataire|mailbox unavailable \(|user not found|double-check|delivery error: dd|<[^<>\s]{1,200}@[^<>\s]{1,200}>: (?:user unknown|unknown user)|(?:5\.1\.1|5\.1\.10)\b|unknown or illegal alias|invalid user address/im;
