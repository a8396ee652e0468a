import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { Certificate } from './certificate.ts';

/** What a web server answers. */
export interface WebAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** It says nothing at all. */
  readonly isSilent?: boolean;
}

/** A web server on the loopback that says what a test tells it. */
export interface PolicyHost {
  readonly port: number;
  /** Host and path of every request. */
  readonly asked: string[];
  answer: WebAnswer;
}

/** Starts one; it ends with the test. */
export async function startPolicyHost(
  t: TestContext,
  certificate: Certificate,
  answer: WebAnswer,
): Promise<PolicyHost> {
  const server = createServer({ key: certificate.key, cert: certificate.cert }, (request, response) => {
    host.asked.push(`${request.headers.host?.replace(/:\d+$/, '')}${request.url}`);
    const { status = 200, headers = { 'content-type': 'text/plain' }, body = '', isSilent = false } = host.answer;
    if (!isSilent) response.writeHead(status, headers).end(body);
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const host: PolicyHost = { port: (server.address() as AddressInfo).port, asked: [], answer };
  return host;
}
