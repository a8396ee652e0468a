import { createServer } from 'node:net';

/** The first free port of 127.0.0.1 from `first` on, among `tries`; 0 (any) when none is. */
export async function freePort(first: number, tries: number): Promise<number> {
  for (let port = first; port < first + tries; port++) if (await isFree(port)) return port;
  return 0;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
