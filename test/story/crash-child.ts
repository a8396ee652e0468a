import type { EventName } from '../../src/log.ts';
import { startDaemon } from '../../src/main.ts';
import { stationParts, stationSettings } from '../helpers/daemon.ts';

/**
 * A daemon of its own process, to be killed: `crash-child.ts HOME PEER-PORT [EVENT]`. Prints its SMTP port; ends itself by SIGKILL when the
 * event is logged.
 */
const [home, peerPort, deadly] = process.argv.slice(2) as [string, string, EventName?];
const log = (event: EventName): void => {
  if (event === deadly) process.kill(process.pid, 'SIGKILL');
};
const started = await startDaemon(stationParts(home, stationSettings(Number(peerPort)), log));
if (started.ok) process.stdout.write(`${started.value.smtpPort}\n`);
else process.stdout.write(`${started.failure.text}\n`);
// Nobody outlives the test that started it.
process.stdin.resume().once('end', () => process.kill(process.pid, 'SIGKILL'));
