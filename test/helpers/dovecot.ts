import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, readFileSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { until } from './until.ts';

const program = '/usr/sbin/dovecot';
/** The user of all Maildirs. */
const nobody = 65_534;

/** Why no private Dovecot can be started here, or false. */
export function dovecotIsAbsent(): string | false {
  if (process.getuid?.() !== 0) return 'not root: a private Dovecot cannot be started';
  try {
    accessSync(program, constants.X_OK);
    accessSync('/usr/lib/dovecot/lmtp', constants.X_OK);
    return false;
  } catch {
    return 'Dovecot is not installed (Debian: dovecot-lmtpd)';
  }
}

export interface Dovecot {
  /** Where it takes LMTP: the path of a socket, and a port of the loopback. */
  readonly socket: string;
  readonly port: number;
  /** The Maildir of a person. */
  readonly maildir: (address: string) => string;
}

/** Starts a Dovecot of the test's own that takes mail for some people by LMTP; when the test is over it is ended and removed. */
export async function startDovecot(t: TestContext, port: number, people: readonly string[]): Promise<Dovecot> {
  const directory = await mkdtemp(join(tmpdir(), 'ezlm-dovecot-'));
  // Dovecot's processes give up root and must still reach their places.
  await chmod(directory, 0o755);
  for (const name of ['run', 'mail']) await mkdir(join(directory, name), { mode: 0o755 });
  await chown(join(directory, 'mail'), nobody, nobody);
  const users = people.map((who) => `${who}:{PLAIN}x:${nobody}:${nobody}::${join(directory, 'mail', who)}::\n`);
  await writeFile(join(directory, 'users'), users.join(''));
  await writeFile(join(directory, 'dovecot.conf'), configuration(directory, port));
  const child = spawn(program, ['-F', '-c', join(directory, 'dovecot.conf')], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(directory, { recursive: true, force: true });
  });
  const socket = join(directory, 'run', 'lmtp');
  await until('the socket of Dovecot', async () => {
    if (child.exitCode !== null) throw new Error(`Dovecot ended: ${readFileSync(join(directory, 'log'), 'utf8')}`);
    return (await stat(socket).catch(() => undefined))?.isSocket();
  });
  return { socket, port, maildir: (address) => join(directory, 'mail', address, 'Maildir') };
}

function configuration(directory: string, port: number): string {
  const users = join(directory, 'users');
  return `protocols = lmtp
base_dir = ${join(directory, 'run')}
log_path = ${join(directory, 'log')}
ssl = no
first_valid_uid = 1
mail_location = maildir:~/Maildir
passdb {
  driver = passwd-file
  args = ${users}
}
userdb {
  driver = passwd-file
  args = ${users}
}
service lmtp {
  unix_listener lmtp {
    mode = 0666
  }
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${port}
  }
}
`;
}
