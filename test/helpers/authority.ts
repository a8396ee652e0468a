import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { Certificate } from './certificate.ts';
import { temporaryDirectory } from './temporary.ts';

const run = promisify(execFile);
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** What can be wrong with a certificate. */
export interface CertificateWishes {
  /** It was valid until yesterday. */
  readonly isExpired?: boolean;
  /** It may sign others itself. */
  readonly isAuthority?: boolean;
}

/** Signs certificates. */
export interface Authority extends Certificate {
  /** A key and a certificate for a name (`DNS:mx.example`), signed by this authority; `cert` has the leaf alone. */
  issue(subject: string, wishes?: CertificateWishes): Promise<Authority>;
}

/** A new authority that signs itself. */
export async function makeAuthority(t: TestContext, name = 'test authority'): Promise<Authority> {
  const directory = await temporaryDirectory(t);
  const [key, cert] = [join(directory, '0.key'), join(directory, '0.pem')];
  const constraint = ['-addext', 'basicConstraints=critical,CA:TRUE', '-days', '2', '-subj', `/CN=${name}`];
  // Distribution configurations add the constraint themselves, and twice is once too often.
  await run('openssl', [
    'req',
    '-x509',
    '-config',
    '/dev/null',
    ...newKey,
    ...constraint,
    '-keyout',
    key,
    '-out',
    cert,
  ]);
  return authorityOf(directory, '0', { made: 0 });
}

async function authorityOf(directory: string, name: string, count: { made: number }): Promise<Authority> {
  const path = (one: string, kind: string): string => join(directory, `${one}.${kind}`);
  return {
    key: await readFile(path(name, 'key'), 'utf8'),
    cert: await readFile(path(name, 'pem'), 'utf8'),
    issue: async (subject, { isExpired = false, isAuthority = false } = {}) => {
      const next = String(++count.made);
      const wishes = [
        '-addext',
        `subjectAltName=${subject}`,
        '-addext',
        `basicConstraints=CA:${isAuthority ? 'TRUE' : 'FALSE'}`,
      ];
      const ask = ['-config', '/dev/null', ...newKey, '-subj', `/CN=${next}`, ...wishes];
      await run('openssl', ['req', ...ask, '-keyout', path(next, 'key'), '-out', path(next, 'csr')]);
      const by = ['-CA', path(name, 'pem'), '-CAkey', path(name, 'key'), '-set_serial', `0x10${next}`];
      const span = ['-days', isExpired ? '-1' : '2', '-copy_extensions', 'copyall'];
      await run('openssl', ['x509', '-req', ...by, ...span, '-in', path(next, 'csr'), '-out', path(next, 'pem')]);
      return authorityOf(directory, next, count);
    },
  };
}
