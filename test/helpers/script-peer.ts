import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Certificate } from './certificate.ts';

/** A host that says what a test tells it to, line by line. */
export interface ScriptPeer {
  readonly port: number;
  /** Every line of all connections; `CONNECT` begins one, `TLS` stands where a handshake succeeded. */
  readonly lines: string[];
}

export interface Script {
  /** The reply to a line (`CONNECT` for a new connection), `drop` to break off, nothing to say nothing. A 220 to STARTTLS begins the handshake. */
  readonly answer: (line: string, connection: number) => string;
  readonly certificate?: Certificate;
  /** TLS from the first octet on. */
  readonly isImplicit?: boolean;
  /** The path of a socket, in place of a port. */
  readonly path?: string;
}

/** Starts one on a free port of the loopback; it ends with the test. */
export async function startScriptPeer(t: TestContext, script: Script): Promise<ScriptPeer> {
  const lines: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    const connection = ++connections;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    if (script.isImplicit) secure(socket, script, lines, connection, true);
    else listen(socket, script, lines, connection, true);
  });
  server.listen(script.path ?? { port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return { port: script.path === undefined ? (server.address() as AddressInfo).port : 0, lines };
}

function secure(plain: Socket, script: Script, lines: string[], connection: number, greets: boolean): void {
  const socket = new TLSSocket(plain, {
    isServer: true,
    secureContext: createSecureContext({ ...script.certificate }),
  });
  socket.on('error', () => plain.destroy());
  socket.once('secure', () => {
    lines.push('TLS');
    listen(socket, script, lines, connection, greets);
  });
}

function listen(socket: Socket, script: Script, lines: string[], connection: number, greets: boolean): void {
  let rest = '';
  const take = (line: string): void => {
    lines.push(line);
    const reply = script.answer(line, connection);
    if (reply === 'drop') socket.destroy();
    else if (reply !== '') socket.write(`${reply}\r\n`);
    if (line === 'QUIT') socket.end();
    if (line !== 'STARTTLS' || !reply.startsWith('220')) return;
    socket.off('data', hear);
    secure(socket, script, lines, connection, false);
  };
  const hear = (octets: Buffer): void => {
    rest += octets.toString('latin1');
    for (let end = rest.indexOf('\r\n'); end >= 0 && !socket.destroyed; end = rest.indexOf('\r\n')) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 2);
      take(line);
    }
  };
  socket.on('data', hear);
  if (greets) take('CONNECT');
}
