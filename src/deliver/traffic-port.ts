import type { Traffic } from './traffic.ts';
import type { FromTraffic, TrafficPort } from './traffic-messages.ts';

/** The book for a deliverer in the same thread: what is said is heard after the current turn, as it is through a thread's port. */
export function trafficHere(traffic: Traffic): TrafficPort {
  let listener: (message: FromTraffic) => void = () => {};
  const tell = traffic.join((message) => queueMicrotask(() => listener(message)));
  return {
    tell,
    hear: (given) => {
      listener = given;
    },
  };
}
