/**
 * An SMTP sink in a process of its own, with the options and the report of `sink.c` as far as the project uses them, for machines without
 * a C compiler; and with `--log FILE`, which the C sink has not: one line per message, as soon as it is taken, in the order of arrival:
 * milliseconds since 1970, envelope sender, recipient, the text of the Subject field, separated by tabs.
 */
import { openSync, writeFileSync, writeSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '2525' },
    expect: { type: 'string', default: '0' },
    'linger-ms': { type: 'string', default: '500' },
    json: { type: 'string' },
    dump: { type: 'string' },
    log: { type: 'string' },
    'no-pipelining': { type: 'boolean', default: false },
    'no-chunking': { type: 'boolean', default: false },
  },
});

const expected = Number(options.expect);
const log = options.log === undefined ? undefined : openSync(options.log, 'a');
const recipients = new Map<string, number>();
const senders = new Set<string>();
const count = { messages: 0, bytes: 0, connections: 0, open: 0, mostOpen: 0 };
const time = { start: Date.now(), first: 0, last: 0 };
let ending: NodeJS.Timeout | undefined;

/** What one connection is in the middle of. */
class Session {
  readonly #socket: Socket;
  #unread: Buffer = Buffer.alloc(0);
  #inBody = false;
  #sender = '';
  #recipients: string[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  read(octets: Buffer): void {
    this.#unread = this.#unread.length === 0 ? octets : Buffer.concat([this.#unread, octets]);
    let replies = '';
    for (let reply = this.#step(); reply !== undefined; reply = this.#step()) replies += reply;
    if (replies !== '') this.#socket.write(replies);
    if (replies.endsWith('221 2.0.0 bye\r\n')) this.#socket.end();
  }

  // One command or one body; undefined when more octets are needed.
  #step(): string | undefined {
    return this.#inBody ? this.#body() : this.#command();
  }

  #body(): string | undefined {
    const end = this.#unread.indexOf('\r\n.\r\n');
    const isEmpty = this.#unread.subarray(0, 3).equals(Buffer.from('.\r\n'));
    if (end < 0 && !isEmpty) return undefined;
    const body = isEmpty ? Buffer.alloc(0) : this.#unread.subarray(0, end + 2);
    this.#unread = this.#unread.subarray(isEmpty ? 3 : end + 5);
    this.#inBody = false;
    taken(this.#sender, this.#recipients, body);
    this.#recipients = [];
    return `250 2.0.0 ok ${count.messages}\r\n`;
  }

  #command(): string | undefined {
    const end = this.#unread.indexOf('\n');
    if (end < 0) return undefined;
    const line = this.#unread.toString('latin1', 0, end).trimEnd();
    this.#unread = this.#unread.subarray(end + 1);
    return this.#answer(line, line.slice(0, 4).toUpperCase());
  }

  #answer(line: string, verb: string): string {
    switch (verb) {
      case 'EHLO':
        return `250-sink.example\r\n250-8BITMIME\r\n${options['no-pipelining'] ? '' : '250-PIPELINING\r\n'}250-SIZE 104857600\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n`;
      case 'HELO':
        return '250 sink.example\r\n';
      case 'MAIL':
        this.#sender = path(line);
        this.#recipients = [];
        return '250 2.1.0 ok\r\n';
      case 'RCPT':
        this.#recipients.push(path(line));
        return '250 2.1.5 ok\r\n';
      case 'DATA':
        if (this.#recipients.length === 0) return '554 5.5.1 no valid recipients\r\n';
        this.#inBody = true;
        return '354 go ahead\r\n';
      case 'RSET':
        this.#recipients = [];
        return '250 2.0.0 ok\r\n';
      case 'NOOP':
        return '250 2.0.0 ok\r\n';
      case 'QUIT':
        return '221 2.0.0 bye\r\n';
      default:
        return '500 5.5.2 unknown command\r\n';
    }
  }
}

function path(line: string): string {
  return line.slice(line.indexOf('<') + 1, line.lastIndexOf('>'));
}

function taken(sender: string, to: readonly string[], body: Buffer): void {
  const now = Date.now();
  time.first ||= now;
  time.last = now;
  count.messages++;
  count.bytes += body.length;
  senders.add(sender);
  for (const recipient of to) recipients.set(recipient, (recipients.get(recipient) ?? 0) + 1);
  if (log !== undefined)
    writeSync(log, to.map((recipient) => `${now}\t${sender}\t${recipient}\t${subject(body)}\n`).join(''));
  if (expected > 0 && count.messages >= expected) ending ??= setTimeout(report, Number(options['linger-ms']));
}

function subject(body: Buffer): string {
  const header = body.toString('latin1', 0, Math.min(body.length, 16_384)).split('\r\n\r\n', 1)[0]!;
  return /^subject: *(.*)$/im.exec(header)?.[1] ?? '';
}

function report(): never {
  const counts = [...recipients.values()];
  const usage = process.resourceUsage();
  const span = (time.last - time.first) / 1_000;
  const text = JSON.stringify({
    messages: count.messages,
    recipients: counts.reduce((sum, copies) => sum + copies, 0),
    bytes: count.bytes,
    distinct_senders: senders.size,
    rcpt_once: counts.filter((copies) => copies === 1).length,
    rcpt_multiple: counts.filter((copies) => copies > 1).length,
    connections: count.connections,
    max_concurrent: count.mostOpen,
    t_start: time.start / 1_000,
    t_first: time.first / 1_000,
    t_last: time.last / 1_000,
    span_s: span,
    rcpt_per_s: span > 0 ? count.messages / span : 0,
    cpu_user_s: usage.userCPUTime / 1e6,
    cpu_sys_s: usage.systemCPUTime / 1e6,
    maxrss_kib: usage.maxRSS,
  });
  process.stdout.write(`${text}\n`);
  if (options.json !== undefined) writeFileSync(options.json, `${text}\n`);
  if (options.dump !== undefined)
    writeFileSync(options.dump, [...recipients].map(([address, copies]) => `${copies}\t0\t${address}\n`).join(''));
  process.exit(0);
}

const server = createServer({ noDelay: true }, (socket) => {
  count.connections++;
  count.mostOpen = Math.max(count.mostOpen, ++count.open);
  const session = new Session(socket);
  socket.on('data', (octets) => session.read(octets));
  // A client that was killed resets its connections; that is what some runs are about.
  socket.on('error', () => socket.destroy());
  socket.on('close', () => count.open--);
  socket.write('220 sink.example ESMTP\r\n');
});
server.listen(Number(options.port), '127.0.0.1', 1_024);
process.on('SIGTERM', report);
process.on('SIGINT', report);
