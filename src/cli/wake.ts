import { connect } from 'node:net';

/** A daemon that does not take the connection at once is left alone: it finds the change by itself. */
const patienceMs = 1_000;

/**
 * Tells the daemon of a home, through its socket, that something was changed. True when one was there to hear it;
 * no daemon is no error. Never rejects.
 */
export function wakeDaemon(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const end = (heard: boolean): void => {
      socket.destroy();
      resolve(heard);
    };
    socket.setTimeout(patienceMs, () => end(false));
    socket.once('error', () => end(false));
    socket.once('connect', () => socket.end('wake\n', () => end(true)));
  });
}
