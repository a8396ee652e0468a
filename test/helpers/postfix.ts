import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';

export interface PostfixWishes {
  /** Where it takes SMTP on the loopback. */
  readonly port: number;
  /** Mail for this domain goes to an LMTP server on the loopback. */
  readonly listDomain: string;
  readonly lmtpPort: number;
  /** Who has a Maildir; all of one domain. */
  readonly people: readonly string[];
}

const program = '/usr/sbin/postfix';
/** Postfix delivers for nobody below 100. */
const nobody = 65_534;

const services = `cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
virtual unix - n n - - virtual
`;

/** Why no private Postfix can be started here, or false. */
export function postfixIsAbsent(): string | false {
  if (process.getuid?.() !== 0) return 'not root: a private Postfix cannot be started';
  return isExecutable(program) ? false : 'Postfix is not installed (Debian: postfix)';
}

/** Why swaks cannot be used, or false. */
export function swaksIsAbsent(): string | false {
  return isExecutable('/usr/bin/swaks') ? false : 'swaks is not installed (Debian: swaks)';
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const run = promisify(execFile);

/** Starts a Postfix of the test's own; when the test is over it is ended and removed. Gives the directory of the Maildirs, one per address. */
export async function startPostfix(t: TestContext, wishes: PostfixWishes): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ezlm-postfix-'));
  const config = join(directory, 'config');
  const mail = join(directory, 'mail');
  // Postfix's processes give up root and must still reach their queue.
  await chmod(directory, 0o755);
  for (const name of ['config', 'queue', 'state', 'mail']) await mkdir(join(directory, name), { mode: 0o755 });
  await run('chown', ['postfix', join(directory, 'state')]);
  await chown(mail, nobody, nobody);
  const lines = Object.entries(settings(directory, wishes)).map(([name, value]) => `${name} = ${value}\n`);
  await writeFile(join(config, 'main.cf'), lines.join(''));
  await writeFile(join(config, 'master.cf'), `127.0.0.1:${wishes.port} inet n - n - - smtpd\n${services}`);
  await run(program, ['-c', config, 'start']);
  t.after(async () => {
    await run(program, ['-c', config, 'abort']);
    await rm(directory, { recursive: true, force: true });
  });
  return mail;
}

function settings(directory: string, { listDomain, lmtpPort, people }: PostfixWishes): Record<string, string | number> {
  const boxes = people.map((address) => `{ ${address} = ${address}/ }`).join(', ');
  return {
    compatibility_level: '3.6',
    queue_directory: join(directory, 'queue'),
    data_directory: join(directory, 'state'),
    myhostname: 'mx.example.net',
    mydestination: '',
    inet_interfaces: 'loopback-only',
    inet_protocols: 'ipv4',
    mynetworks: '127.0.0.0/8',
    alias_maps: '',
    alias_database: '',
    smtpd_peername_lookup: 'no',
    smtpd_recipient_restrictions: 'permit_mynetworks, reject',
    relay_domains: listDomain,
    transport_maps: `inline:{ { ${listDomain} = lmtp:inet:127.0.0.1:${lmtpPort} } }`,
    virtual_mailbox_domains: people[0]!.slice(people[0]!.indexOf('@') + 1),
    virtual_mailbox_base: join(directory, 'mail'),
    virtual_mailbox_maps: `inline:{ ${boxes} }`,
    virtual_uid_maps: `static:${nobody}`,
    virtual_gid_maps: `static:${nobody}`,
    lmtp_tls_security_level: 'none',
    smtpd_tls_security_level: 'none',
  };
}

/** A port of the loopback that was free a moment ago: for two programs that must know each other's. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
