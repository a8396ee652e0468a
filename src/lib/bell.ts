import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';

/**
 * A socket file by which processes of one user reach the one that serves. Whoever connects says at most one line. A line that is empty or
 * `wake` rings; any other is a question, answered with one line.
 */
export interface Bell {
  close(): Promise<void>;
}

/** Answers a question of one line with one line. Must not reject. */
export type Answerer = (question: string) => Promise<string>;

const questionLettersMost = 8_192;
/** Whoever connects has this long to say something; then it was a ring. */
const patienceMs = 2_000;
const askersMost = 100;

/** Listens at a path (mode 0600); an old socket file of a process that died is replaced. Call it under the home's lock. */
export async function hangBell(path: string, onRing: () => void, answer?: Answerer): Promise<Bell> {
  await rm(path, { force: true });
  const ringers = new Set<Socket>();
  // Half open, so that a client that has said its line and shut its side still hears the answer.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    ringers.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => ringers.delete(socket));
    hear(socket, (line) => {
      if (line === '' || line === 'wake' || !answer) {
        onRing();
        socket.end();
      } else void answer(line).then((text) => socket.end(`${text}\n`));
    });
  });
  server.maxConnections = askersMost;
  const before = process.umask(0o177);
  const listening = listen(server, path);
  process.umask(before);
  await listening;
  return {
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Whoever rings and does not let go must not keep the daemon from ending.
      for (const socket of ringers) socket.destroy();
      return closed;
    },
  };
}

// Tells the first line once: at its end, at the end of what is said, or when nothing more comes.
function hear(socket: Socket, onLine: (line: string) => void): void {
  let text = '';
  let isHeard = false;
  const tell = (): void => {
    if (isHeard) return;
    isHeard = true;
    onLine(text.split('\n', 1)[0]!.trim());
  };
  socket.setEncoding('utf8');
  socket.setTimeout(patienceMs, tell);
  socket.on('data', (part: string) => {
    // What follows the line is thrown away: unread it would keep the connection open.
    if (!isHeard && text.length < questionLettersMost) text += part;
    if (text.includes('\n') || text.length >= questionLettersMost) tell();
  });
  socket.on('end', tell);
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve());
  });
}
