import type { Socket } from 'node:net';
import { type ProxyHeader, readProxyHeader } from './proxy-header.ts';

/** The client that a front end's header names; undefined: the front end itself; `wrong`: no header, or an end before it was whole. */
export function proxyClient(socket: Socket): Promise<Extract<ProxyHeader, { kind: 'read' }>['client'] | 'wrong'> {
  return new Promise((resolve) => {
    let octets = Buffer.alloc(0);
    const done = (client: Extract<ProxyHeader, { kind: 'read' }>['client'] | 'wrong'): void => {
      socket.off('readable', read);
      for (const event of ['end', 'close']) socket.off(event, ended);
      resolve(client);
    };
    const ended = (): void => done('wrong');
    const read = (): void => {
      for (let chunk = socket.read() as Buffer | null; chunk; chunk = socket.read() as Buffer | null) {
        octets = Buffer.concat([octets, chunk]);
        const header = readProxyHeader(octets);
        if (header.kind === 'incomplete') continue;
        if (header.kind === 'wrong') return done('wrong');
        // What follows is the client's own.
        if (octets.length > header.octets) socket.unshift(octets.subarray(header.octets));
        return done(header.client);
      }
    };
    socket.on('readable', read);
    for (const event of ['end', 'close']) socket.on(event, ended);
    // Whoever breaks off also closes.
    socket.on('error', () => {});
  });
}
