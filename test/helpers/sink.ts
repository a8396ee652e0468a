import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** One transaction that the sink took: what stood in its commands, and the message as it came (dots still doubled). */
export interface SinkTransaction {
  readonly sender: string;
  readonly recipient: string;
  readonly message: string;
}

/** What the sink answers to a line; `undefined`: the ordinary answer, `drop` breaks the connection off. */
export type SinkAnswer = (line: string, nth: number) => string | undefined;

export interface Sink {
  readonly port: number;
  readonly taken: SinkTransaction[];
  /** Every command line of all sessions. */
  readonly lines: string[];
  readonly connections: () => number;
  close(): Promise<void>;
}

/**
 * An SMTP peer that a test tells what to say: `answer` sees each command line, `MESSAGE` for the end of a message, `CONNECT` for a new
 * connection, and how many times that word has come.
 */
export async function startSink(keywords: readonly string[], answer: SinkAnswer = () => undefined): Promise<Sink> {
  const taken: SinkTransaction[] = [];
  const lines: string[] = [];
  const counts = new Map<string, number>();
  const sockets = new Set<Socket>();
  let connections = 0;
  const reply = (line: string): string | undefined => {
    const word = line.split(/[ :]/)[0]!.toUpperCase();
    counts.set(word, (counts.get(word) ?? 0) + 1);
    return answer(line, counts.get(word)!);
  };
  const server = createServer({ noDelay: true }, (socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    talk(socket, keywords, lines, taken, reply);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    taken,
    lines,
    connections: () => connections,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function talk(
  socket: Socket,
  keywords: readonly string[],
  lines: string[],
  taken: SinkTransaction[],
  answer: (line: string) => string | undefined,
): void {
  let rest = '';
  let sender: string | undefined;
  let recipient: string | undefined;
  let isData = false;
  const say = (line: string, usual: string): string => {
    const reply = answer(line) ?? usual;
    if (reply === 'drop') socket.destroy();
    else socket.write(`${reply}\r\n`);
    return reply;
  };
  say('CONNECT', '220 sink ready');
  const command = (line: string): void => {
    lines.push(line);
    const word = line.split(/[ :]/)[0]!.toUpperCase();
    if (word === 'EHLO') say(line, ['250-sink', ...keywords.map((one) => `250-${one}`), '250 HELP'].join('\r\n'));
    else if (word === 'MAIL') {
      if (sender !== undefined) return void say('NESTED', '503 5.5.1 nested MAIL');
      if (say(line, '250 2.1.0 ok').startsWith('2')) sender = /<([^>]*)>/.exec(line)?.[1] ?? '';
    } else if (word === 'RCPT') {
      if (sender === undefined) return void say('EARLY', '503 5.5.1 MAIL first');
      if (say(line, '250 2.1.5 ok').startsWith('2')) recipient = /<([^>]*)>/.exec(line)?.[1] ?? '';
    } else if (word === 'DATA') {
      isData = say(line, recipient === undefined ? '554 5.5.1 no valid recipients' : '354 go on').startsWith('354');
    } else if (word === 'RSET') {
      [sender, recipient] = [undefined, undefined];
      say(line, '250 2.0.0 ok');
    } else if (word === 'QUIT') {
      say(line, '221 2.0.0 bye');
      socket.end();
    } else say(line, '250 2.0.0 ok');
  };
  socket.on('data', (octets) => {
    rest += octets.toString('latin1');
    for (;;) {
      if (socket.destroyed) return;
      const end = isData ? endOfData(rest) : rest.indexOf('\r\n');
      if (end < 0) return;
      const text = rest.slice(0, end);
      rest = rest.slice(isData ? end + 3 : end + 2);
      if (!isData) command(text);
      else {
        isData = false;
        const reply = say('MESSAGE', recipient === undefined ? '554 5.5.1 no valid recipients' : '250 2.0.0 taken');
        if (reply.startsWith('2')) taken.push({ sender: sender ?? '', recipient: recipient ?? '', message: text });
        [sender, recipient] = [undefined, undefined];
      }
    }
  });
}

// Where the final dot stands; the message includes the line end before it.
function endOfData(text: string): number {
  if (text.startsWith('.\r\n')) return 0;
  const at = text.indexOf('\r\n.\r\n');
  return at < 0 ? -1 : at + 2;
}
