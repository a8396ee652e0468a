import { parseAddress, parseDomain } from './mail/address.ts';
import { parseNextHop } from './smtp/next-hop.ts';
import type { SettingRow, ValuesOf } from './lib/settings.ts';

const hostPort = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;

function portOf(text: string): number | undefined {
  const port = Number(hostPort.exec(text)?.[1]);
  return port <= 65_535 ? port : undefined;
}

function eachHostPort(values: readonly string[]): string | undefined {
  const wrong = values.find((value) => portOf(value) === undefined);
  return wrong === undefined ? undefined : `"${wrong}" must be HOST:PORT, like 127.0.0.1:2525 or [::1]:24`;
}

// RFC 2033 §5: LMTP must not be used on the SMTP port.
function eachLmtpPort(values: readonly string[]): string | undefined {
  return values.some((value) => portOf(value) === 25) ? "must not be port 25, which is SMTP's" : eachHostPort(values);
}

function domainOrNothing(text: string): string | undefined {
  return text === '' || parseDomain(text) === text ? undefined : 'must be a domain in lower case, or empty';
}

function routes(value: Readonly<Record<string, string>>): string | undefined {
  const domain = Object.keys(value).find((key) => key !== '*' && parseDomain(key) === undefined);
  if (domain !== undefined) return `"${domain}" must be a domain or *`;
  for (const text of Object.values(value)) {
    const hop = parseNextHop(text);
    if (typeof hop === 'string') return `"${text}" ${hop}`;
  }
  return undefined;
}

function domains(values: readonly string[]): string | undefined {
  const wrong = values.find((value) => parseDomain(value) !== value || value.startsWith('['));
  return wrong === undefined ? undefined : `"${wrong}" must be a domain in lower case, like lists.example.org`;
}

function addressOrNothing(text: string): string | undefined {
  return text === '' || parseAddress(text) ? undefined : 'must be a mail address like postmaster@example.org, or empty';
}

// Whoever may ask has no password: the machine's own users and what it lets through.
function loopbackOrNothing(text: string): string | undefined {
  const isLoopback = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\]):\d{1,5}$/.test(text) && portOf(text) !== undefined;
  return text === '' || isLoopback ? undefined : 'must be 127.0.0.1:PORT, [::1]:PORT or localhost:PORT, or empty';
}

/** The server's settings (`ezlm.json` in the home). */
export const serverSettingRows = [
  {
    name: 'domains',
    isLive: true,
    type: 'texts',
    initial: [],
    most: 253,
    check: domains,
    meaning: 'domains whose mail is ours; the lists live below lists/<domain>/',
  },
  {
    name: 'hostname',
    type: 'text',
    initial: '',
    most: 253,
    check: domainOrNothing,
    meaning: 'the name we greet with; empty: the first domain',
  },
  {
    name: 'postmaster',
    isLive: true,
    type: 'text',
    initial: '',
    most: 254,
    check: addressOrNothing,
    meaning: 'who gets mail to postmaster, abuse and mailer-daemon, and trouble of lists without an owner',
  },
  {
    name: 'smtp',
    type: 'texts',
    initial: ['0.0.0.0:25'],
    most: 100,
    check: eachHostPort,
    meaning: 'where SMTP is listened for',
  },
  {
    name: 'lmtp',
    type: 'texts',
    initial: [],
    most: 100,
    check: eachLmtpPort,
    meaning: 'where LMTP is listened for; never port 25 (RFC 2033)',
  },
  {
    name: 'tlsCertificate',
    isLive: true,
    type: 'text',
    initial: '',
    most: 1_000,
    meaning: 'PEM file of the certificate chain; with tlsKey it switches STARTTLS on',
  },
  { name: 'tlsKey', isLive: true, type: 'text', initial: '', most: 1_000, meaning: 'PEM file of the private key' },
  {
    name: 'routes',
    type: 'map',
    initial: {},
    most: 300,
    check: routes,
    meaning:
      'next hop by recipient domain instead of its MX: {"example.net": "127.0.0.1:2526"}; "*" is every other domain (a smarthost). HOST:PORT, smtp://HOST:PORT, smtps://HOST, lmtp://HOST:PORT or lmtp:/SOCKET, then ?tls=none, opportunistic, required or verified, &user=NAME (&password=FILE of secrets/, &auth=MECHANISM, &clear=yes: without TLS too)',
  },
  {
    name: 'messageBytesMost',
    isLive: true,
    type: 'number',
    initial: 26_214_400,
    least: 65_536,
    most: 1_073_741_824,
    unit: 'octets',
    meaning: 'the largest message that is taken in',
  },
  {
    name: 'recipientsMost',
    isLive: true,
    type: 'number',
    initial: 100,
    least: 100,
    most: 10_000,
    meaning: 'recipients of one transaction (RFC 5321 §4.5.3.1.8: at least 100)',
  },
  {
    name: 'connectionsMost',
    isLive: true,
    type: 'number',
    initial: 1_000,
    least: 1,
    most: 50_000,
    meaning: 'SMTP and LMTP connections at a time',
  },
  {
    name: 'receivedMost',
    isLive: true,
    type: 'number',
    initial: 100,
    least: 20,
    most: 1_000,
    meaning: 'Received lines at which a message is taken to loop',
  },
  {
    name: 'laneConnections',
    type: 'number',
    initial: 5,
    least: 1,
    most: 500,
    meaning: 'connections to one MX set at a time',
  },
  {
    name: 'routeConnections',
    type: 'number',
    initial: 20,
    least: 1,
    most: 1_000,
    meaning: 'connections at a time to a next hop named in routes',
  },
  {
    name: 'connectionsOut',
    type: 'number',
    initial: 200,
    least: 1,
    most: 10_000,
    meaning: 'outgoing connections at a time in all',
  },
  {
    name: 'deliveryWorkers',
    type: 'number',
    initial: 1,
    least: 1,
    most: 16,
    meaning: 'threads that deliver; more than one pays where every copy is signed',
  },
  {
    name: 'lifetimeHours',
    type: 'number',
    initial: 120,
    least: 1,
    most: 720,
    unit: 'hours',
    meaning: 'how long delivery is tried',
  },
  {
    name: 'mailsPerActionAndDay',
    isLive: true,
    type: 'number',
    initial: 1,
    least: 1,
    most: 100,
    meaning: 'unproved mails per list, action, address and day (promise P3)',
  },
  {
    name: 'mailsPerAddressAndDay',
    isLive: true,
    type: 'number',
    initial: 5,
    least: 1,
    most: 1_000,
    meaning: 'unproved mails per address and day on the whole server (promise P3)',
  },
  {
    name: 'outcomeDays',
    isLive: true,
    type: 'number',
    initial: 90,
    least: 7,
    most: 3_650,
    unit: 'days',
    meaning: 'how long outcomes of deliveries are kept',
  },
  {
    name: 'stopSeconds',
    isLive: true,
    type: 'number',
    initial: 30,
    least: 1,
    most: 3_600,
    unit: 'seconds',
    meaning: 'how long running transactions have to finish when the daemon is stopped',
  },
  {
    name: 'metrics',
    type: 'text',
    initial: '',
    most: 100,
    check: loopbackOrNothing,
    meaning:
      'where /metrics (for Prometheus), /health and /ready are served over HTTP, like 127.0.0.1:9125; loopback only; empty: nowhere',
  },
  {
    name: 'sandbox',
    type: 'boolean',
    initial: false,
    meaning: 'this home was made by serve --sandbox and is served only so: its mail never leaves the machine',
  },
  {
    name: 'logLevel',
    isLive: true,
    type: 'choice',
    initial: 'info',
    choices: ['debug', 'info', 'warn', 'error'],
    meaning: 'the least level that is logged',
  },
] as const satisfies readonly SettingRow[];

export type ServerSettings = ValuesOf<typeof serverSettingRows>;

/** What is wrong between settings that are right one by one: related limits, and pairs that need each other. */
export function relatedProblems(settings: ServerSettings): string[] {
  const { laneConnections, routeConnections, connectionsOut, mailsPerActionAndDay, mailsPerAddressAndDay } = settings;
  const wrong: [boolean, string][] = [
    [settings.domains.length === 0, 'domains: names no domain, so no mail is ours'],
    [(settings.tlsCertificate === '') !== (settings.tlsKey === ''), 'tlsCertificate and tlsKey: need each other'],
    [laneConnections > connectionsOut, 'laneConnections: must not be above connectionsOut'],
    [routeConnections > connectionsOut, 'routeConnections: must not be above connectionsOut'],
    [mailsPerActionAndDay > mailsPerAddressAndDay, 'mailsPerActionAndDay: must not be above mailsPerAddressAndDay'],
  ];
  return wrong.flatMap(([isWrong, text]) => (isWrong ? [text] : []));
}
