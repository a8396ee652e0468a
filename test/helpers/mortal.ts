import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { EventName } from '../../src/log.ts';

/** A daemon in another process. */
export interface Mortal {
  /** Its SMTP port; or what it said when it could not start. */
  readonly port: number;
  readonly said: string;
  /** Resolves when it has ended. */
  readonly ended: Promise<unknown>;
  /** `kill -9`, and waits for the end. */
  kill(): Promise<void>;
}

const program = fileURLToPath(new URL('../story/crash-child.ts', import.meta.url));

/** Starts a daemon on a home in a process of its own, which kills itself when `deadly` is logged. It dies with the test at the latest. */
export async function startMortal(t: TestContext, home: string, peerPort: number, deadly?: EventName): Promise<Mortal> {
  const words = [program, home, String(peerPort), ...(deadly ? [deadly] : [])];
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  t.after(kill);
  const said = await Promise.race([
    once(child.stdout, 'data').then(([text]) => String(text).trim()),
    ended.then(() => 'ended before it said its port'),
  ]);
  return { port: Number(said), said, ended, kill };
}
