import { connect, type Socket } from 'node:net';

/** What a client says in one transaction. */
export interface Transaction {
  readonly from: string;
  readonly to: string | readonly string[];
  /** The message with CRLF; dots are stuffed here. */
  readonly message: string;
  readonly isLmtp?: boolean;
  /** `latin1`: each character of the message is one octet. */
  readonly encoding?: 'utf8' | 'latin1';
}

/** The replies: one per RCPT, and what ended DATA (for LMTP one per accepted recipient; empty when nobody was accepted). */
export interface Replies {
  readonly recipients: readonly string[];
  readonly end: readonly string[];
}

/** One connection, one transaction, lockstep; every reply as it came, the lines of one joined by a line feed. */
export async function transact(
  port: number,
  { from, to, message, isLmtp = false, encoding = 'utf8' }: Transaction,
): Promise<Replies> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(20_000, () => socket.destroy(new Error('no reply')));
  try {
    const replies = readReplies(socket);
    const next = async (): Promise<string> => {
      const { value } = await replies.next();
      if (value === undefined) throw new Error('the connection ended without a reply');
      return value;
    };
    const say = async (line: string): Promise<string> => {
      socket.write(`${line}\r\n`, encoding);
      return next();
    };
    await next();
    await say(`${isLmtp ? 'LHLO' : 'EHLO'} client.example.net`);
    const sender = await say(`MAIL FROM:<${from}>`);
    if (!sender.startsWith('2')) return { recipients: [sender], end: [] };
    const recipients: string[] = [];
    for (const recipient of [to].flat()) recipients.push(await say(`RCPT TO:<${recipient}>`));
    const accepted = recipients.filter((reply) => reply.startsWith('2')).length;
    if (accepted === 0) return { recipients, end: [] };
    await say('DATA');
    const end = [await say(`${message.replace(/^\./gm, '..')}${message.endsWith('\r\n') ? '' : '\r\n'}.`)];
    for (let more = isLmtp ? accepted - 1 : 0; more > 0; more--) end.push(await next());
    return { recipients, end };
  } finally {
    socket.destroy();
  }
}

// A connection that dies ends the conversation with an error: whoever waits for a reply hears it.
async function* readReplies(socket: Socket): AsyncGenerator<string, undefined> {
  let rest = '';
  let reply = '';
  for await (const chunk of socket) {
    const lines = (rest + String(chunk)).split('\r\n');
    rest = lines.pop()!;
    for (const line of lines) {
      reply += reply === '' ? line : `\n${line}`;
      if (line[3] === '-') continue;
      yield reply;
      reply = '';
    }
  }
  return undefined;
}
