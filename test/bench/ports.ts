import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A port of 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a listening socket without a port');
  return address.port;
}

/** Waits until the first octets come from a port (an SMTP greeting); rejects after `mostMs`, or when `isOver` says so. */
export async function greeted(port: number, mostMs: number, isOver = () => false): Promise<void> {
  const until = Date.now() + mostMs;
  while (Date.now() < until && !isOver()) {
    if (await hearsGreeting(port)) return;
    await sleep(2);
  }
  throw new Error(
    isOver() ? 'the server ended before it greeted' : `nothing answers on port ${port} within ${mostMs} ms`,
  );
}

function hearsGreeting(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (heard: boolean): void => {
      socket.destroy();
      resolve(heard);
    };
    socket.on('data', () => end(true));
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
  });
}
