import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { SMTPServer } from 'smtp-server';
import type { Certificate } from './certificate.ts';

/** One message that the relay took: who had logged in, how, whether under TLS, and for whom it is. */
export interface Relayed {
  readonly user: string;
  readonly method: string;
  readonly isSecure: boolean;
  readonly recipient: string;
  /** How long its message is. */
  readonly octets: number;
}

export interface RelayWishes {
  readonly certificate: Certificate;
  /** What it offers for a login, and the one password it knows. */
  readonly methods: readonly string[];
  readonly password: string;
  /** TLS from the first octet on. */
  readonly isImplicit?: boolean;
}

/** A smarthost on a free port of the loopback that takes mail only after a login under TLS; it ends with the test. */
export async function startRelay(t: TestContext, wishes: RelayWishes): Promise<{ port: number; taken: Relayed[] }> {
  const taken: Relayed[] = [];
  const methods = new Map<string, string>();
  const server = new SMTPServer({
    ...wishes.certificate,
    secure: wishes.isImplicit === true,
    authMethods: [...wishes.methods],
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 100,
    onAuth: (auth, session, done) => {
      const isRight =
        auth.method === 'CRAM-MD5' ? auth.validatePassword(wishes.password) : auth.password === wishes.password;
      methods.set(session.id, auth.method);
      if (isRight) done(null, { user: auth.username ?? '' });
      else done(Object.assign(new Error('no such user or password'), { responseCode: 535 }));
    },
    onData: (stream, session, done) => {
      let octets = 0;
      stream.on('data', (chunk: Buffer) => (octets += chunk.length));
      stream.once('end', () => {
        for (const { address } of session.envelope.rcptTo)
          taken.push({
            user: String(session.user),
            method: methods.get(session.id) ?? '',
            isSecure: session.secure,
            recipient: address,
            octets,
          });
        done();
      });
    },
  });
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: (server.server.address() as AddressInfo).port, taken };
}
