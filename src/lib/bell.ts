import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';

/**
 * A socket file by which one process wakes another: whoever connects rings. Nothing is read from it, so nothing can be asked of it.
 */
export interface Bell {
  close(): Promise<void>;
}

/** Listens at a path (mode 0600); an old socket file of a process that died is replaced. Call it under the home's lock. */
export async function hangBell(path: string, onRing: () => void): Promise<Bell> {
  await rm(path, { force: true });
  const ringers = new Set<Socket>();
  const server = createServer((socket) => {
    ringers.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => ringers.delete(socket));
    // What is said is thrown away: unread it would keep the connection open.
    socket.resume();
    socket.end();
    onRing();
  });
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

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve());
  });
}
