import { rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';

/**
 * A socket file by which one process wakes another: whoever connects rings. Nothing is read from it, so nothing can be asked of it.
 */
export interface Bell {
  close(): Promise<void>;
}

/** Listens at a path (mode 0600); an old socket file of a process that died is replaced. Call it under the home's lock. */
export async function hangBell(path: string, onRing: () => void): Promise<Bell> {
  await rm(path, { force: true });
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end();
    onRing();
  });
  const before = process.umask(0o177);
  const listening = listen(server, path);
  process.umask(before);
  await listening;
  return { close: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** Rings; false when nobody listens. Never fails. */
export function ringBell(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('connect', () => socket.end(() => resolve(true)));
    socket.on('error', () => resolve(false));
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve());
  });
}
