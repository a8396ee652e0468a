import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { failed, type Result, success, temporary } from '../mail/failure.ts';

/** What is told over HTTP. */
export interface Pages {
  /** The figures of the daemon; rejects when they cannot be had. */
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
  /** Why the daemon should get no work now; undefined when it is ready. May reject or take long. */
  readonly unready: () => Promise<string | undefined>;
}

export interface MetricsServer {
  /** Where it listens, as `http://127.0.0.1:9125`. */
  readonly url: string;
  close(): Promise<void>;
}

interface Answer {
  readonly code: number;
  readonly type: string;
  readonly text: string;
}

/** An answer that takes longer is a no. */
const patienceMs = 2_000;
const clientsMost = 50;
const plain = 'text/plain; charset=utf-8';

/** Serves /metrics, /health and /ready at `HOST:PORT`. A taken port is a failure that says so. */
export async function serveMetrics(place: string, pages: Pages): Promise<Result<MetricsServer>> {
  const at = place.lastIndexOf(':');
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5_000, keepAliveTimeout: 5_000 },
    (request, response) => {
      void answerTo(request, pages).then((answer) => send(request, response, answer));
    },
  );
  server.maxConnections = clientsMost;
  const problem = await listening(server, place.slice(0, at).replace(/^\[|\]$/g, ''), Number(place.slice(at + 1)));
  if (problem)
    return failed(temporary('4.3.2', `metrics cannot be served at ${place}: ${problem.message}`, problem.stack));
  const { port } = server.address() as AddressInfo;
  const url = `http://${place.slice(0, at)}:${port}`;
  return success({
    url,
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  });
}

async function answerTo({ method, url = '' }: IncomingMessage, pages: Pages): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return { code: 405, type: plain, text: 'only GET is answered\n' };
  switch (url.replace(/\?.*$/, '')) {
    case '/health':
      return { code: 200, type: plain, text: 'ok\n' };
    case '/ready':
      return ready(await within(pages.unready));
    case '/metrics':
      return within(async () => ({ code: 200, ...(await pages.metrics()) }));
    default:
      return { code: 404, type: plain, text: 'there are /metrics, /health and /ready\n' };
  }
}

function ready(why: string | undefined | Answer): Answer {
  if (why === undefined) return { code: 200, type: plain, text: 'ready\n' };
  return typeof why === 'string' ? { code: 503, type: plain, text: `${why}\n` } : why;
}

async function within<Value>(ask: () => Promise<Value>): Promise<Value | Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Answer>((resolve) => {
    timer = setTimeout(
      () => resolve({ code: 503, type: plain, text: 'the storage does not answer in time\n' }),
      patienceMs,
    );
  });
  try {
    return await Promise.race([ask(), late]);
  } catch (error) {
    return { code: 503, type: plain, text: `${(error as Error).message}\n` };
  } finally {
    clearTimeout(timer);
  }
}

function send({ method }: IncomingMessage, response: ServerResponse, { code, type, text }: Answer): void {
  response.writeHead(code, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
  });
  response.end(method === 'HEAD' ? undefined : text);
}

function listening(server: Server, host: string, port: number): Promise<Error | undefined> {
  return new Promise((resolve) => {
    server.once('error', resolve);
    server.listen(port, host, () => {
      server.off('error', resolve);
      // A client that breaks off is none of our errors; a process without free descriptors takes the next one later.
      server.on('clientError', (_error, socket) => socket.destroy());
      server.on('error', () => {});
      resolve(undefined);
    });
  });
}
