import { execFile, execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { domain } from './station.ts';
import { temporaryDirectory } from './temporary.ts';

/** A key and its self-signed certificate, as PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** Why no certificate can be made, or false. */
export function opensslIsAbsent(): string | false {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'openssl is not installed';
  }
}

/** Makes a certificate for a host (`DNS:localhost`, `IP:127.0.0.1`). */
export async function makeCertificate(t: TestContext, subject: string): Promise<Certificate> {
  const directory = await temporaryDirectory(t);
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const names = ['-subj', '/CN=test', '-addext', `subjectAltName=${subject}`];
  await promisify(execFile)('openssl', ['req', '-x509', ...kind, ...names, '-keyout', key, '-out', cert]);
  return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
}

/** A certificate for the domain of every station, and its key. */
export async function selfSigned(t: TestContext): Promise<{ cert: Buffer; key: Buffer }> {
  const { cert, key } = await makeCertificate(t, `DNS:${domain}`);
  return { cert: Buffer.from(cert), key: Buffer.from(key) };
}
