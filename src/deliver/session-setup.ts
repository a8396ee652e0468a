import { connect, isIP, type Socket } from 'node:net';
import { isStrict, openPolicy } from '../smtp/next-hop.ts';
import type { Fault, HostFaults } from './host-faults.ts';
import type { Dialer, OpenSession, SessionTimeouts, SetupFailure, SetupParts, SetupPeer } from './session-parts.ts';
import { SetupAttempt, type SetupWay, wayWithout } from './setup-attempt.ts';

export const defaultTimeouts: SessionTimeouts = Object.freeze({ connect: 30_000, command: 300_000, message: 600_000 });

/** Connects to one address of a host, greets it and, where its policy says so, goes on under TLS and logs in. */
export async function openSession(
  name: string,
  address: string,
  port: number,
  parts: SetupParts,
): Promise<OpenSession | SetupFailure> {
  const policy = parts.policy ?? openPolicy;
  const host = name === address ? `[${address}]` : `${name}[${address}]`;
  const peer = { name, address, port, host: address.startsWith('/') ? address : host, policy };
  let way = firstWay(peer, parts.faults);
  const failures: Fault[] = [];
  for (;;) {
    const attempt = new SetupAttempt(peer, parts, way);
    const opened = await attempt.run();
    // Less than everything has helped: it was not the host as a whole that failed.
    if ('socket' in opened) for (const fault of failures) parts.faults?.note(peer.host, fault);
    if ('socket' in opened) return opened;
    const fault = attempt.fault();
    if (!fault) return opened;
    failures.push(fault);
    way = wayWithout(fault, way);
  }
}

function firstWay({ host, policy }: SetupPeer, faults: HostFaults | undefined): SetupWay {
  const whole = { isExtended: true, mayTls: policy.tls !== 'none' };
  if (isStrict(policy) || !faults) return whole;
  if (faults.has(host, 'ehlo') && policy.protocol === 'smtp') return wayWithout('ehlo', whole);
  return faults.has(host, 'tls') ? wayWithout('tls', whole) : whole;
}

/** Replies are short; what is longer comes in parts. */
const receivedOctets = 4_096;

export const netDialer: Dialer = (address, port, timeoutMs, localAddress) =>
  new Promise((resolve, reject) => {
    // One buffer for all that is received: a buffer for each reply costs a fan-out 2 us a delivery (measured).
    const socket: Socket = connect({
      ...(address.startsWith('/') ? { path: address } : { host: address, port }),
      ...(localAddress !== undefined && isIP(localAddress) === isIP(address) ? { localAddress } : {}),
      noDelay: true,
      onread: {
        buffer: Buffer.alloc(receivedOctets),
        callback: (length, octets) => socket.emit('data', Buffer.from(octets.buffer, octets.byteOffset, length)),
      },
    });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(timeoutMs, () =>
      fail(Object.assign(new Error('connecting took too long'), { code: 'ETIMEDOUT' })),
    );
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      resolve(socket);
    });
  });
