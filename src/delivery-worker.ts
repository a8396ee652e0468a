// The inside of a delivery thread: the deliver stage on a home whose databases are asked through ports.
import { parentPort, workerData } from 'node:worker_threads';
import type { ServerSettings } from './config.ts';
import { deliveryParts } from './delivery-parts.ts';
import type { DeliveryWork, FromDelivery, ToDelivery } from './delivery-thread.ts';
import { Deliverer } from './deliver/deliverer.ts';
import type { FromTraffic } from './deliver/traffic-messages.ts';
import { openHome } from './home.ts';
import { systemClock } from './lib/clock.ts';
import { systemResolver } from './lib/dns.ts';
import { StorageConnections } from './lib/storage-threads.ts';
import { validatingResolver } from './lib/validating-resolver.ts';
import { events, type Log } from './log.ts';

const { directory, settings, claimant, doors } = workerData as DeliveryWork;
const levels = ['debug', 'info', 'warn', 'error'];
// What nobody wants to read does not cross: a fan-out has an event for every copy. Bounces are counted by reason, whoever reads the log.
const log: Log = (event, fields) => {
  if (event === 'bounce.recorded' || levels.indexOf(events[event].level) >= levels.indexOf(settings.logLevel))
    tell({ kind: 'log', event, fields });
};

let hearTraffic: (message: FromTraffic) => void = () => {};
const storage = new StorageConnections(doors);
const home = await openHome({ directory, settings, storage, clock: systemClock, log });
const deliverer = new Deliverer(
  deliveryParts({
    home,
    claimant,
    log,
    resolver: settings.dnssecResolver === '' ? systemResolver() : validatingResolver(settings.dnssecResolver),
    traffic: {
      tell: (message) => tell({ kind: 'traffic', message }),
      hear: (listener) => {
        hearTraffic = listener;
      },
    },
    onChunkDone: (post) => tell({ kind: 'chunkDone', post }),
    onNotice: () => tell({ kind: 'notice' }),
    onBouncesDue: (list, due) => tell({ kind: 'bouncesDue', list, due }),
  }),
);
deliverer.start();

parentPort?.on('message', (message: ToDelivery) => {
  if (message.kind === 'wake') deliverer.wake();
  else if (message.kind === 'renew') renew(message.settings);
  else if (message.kind === 'traffic') hearTraffic(message.message);
  else void stop(message.withinMs);
});

function renew(next: ServerSettings): void {
  // Whoever reads a value when it is needed sees the new one; the main thread has left out what needs a restart.
  Object.assign(settings, next);
  deliverer.renew();
}

async function stop(withinMs: number): Promise<void> {
  const cut = await deliverer.stop(withinMs);
  await storage.close();
  tell({ kind: 'stopped', cut });
}

function tell(message: FromDelivery): void {
  parentPort?.postMessage(message);
}
