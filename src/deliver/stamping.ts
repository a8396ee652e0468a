import type { CarrierPort, Delivery } from './delivery.ts';
import type { Waiting } from './waiting.ts';

/**
 * Copies of a lane that may be under the stamp or ready at a time: for each of its sessions as many as one has under way with CHUNKING, and so
 * many when it has none yet.
 */
const aheadPerSession = 16;
const aheadLeast = 4;

/** What stands between a lane's waiting deliveries and its sessions: copies that are signed one by one are signed before a session asks. */
export class Stamping {
  readonly #waiting: Waiting;
  readonly #port: CarrierPort;
  readonly #onReady: () => void;
  #ready: Delivery[] = [];
  #underWay = 0;
  #isTelling = false;

  /** `onReady` is called at most once in a turn of the event loop. */
  constructor(waiting: Waiting, port: CarrierPort, onReady: () => void) {
    this.#waiting = waiting;
    this.#port = port;
    this.#onReady = onReady;
  }

  /** Copies that were taken from what waits and that no session has yet. */
  get count(): number {
    return this.#underWay + this.#ready.length;
  }

  /** The next delivery that can leave, for one of so many sessions; those whose list is `held` have to wait. */
  take(sessions: number, held?: (list: string) => boolean): Delivery | undefined {
    const most = Math.max(aheadLeast, sessions * aheadPerSession);
    const ready = this.#ready.shift();
    if (ready) this.#fill(most, held);
    return ready ?? this.#takeFresh(most, held);
  }

  /** Takes out what is ready; what is under the stamp is not yet. */
  drain(): Delivery[] {
    return this.#ready.splice(0);
  }

  // Until one comes that needs no stamp.
  #takeFresh(most: number, held?: (list: string) => boolean): Delivery | undefined {
    while (this.count < most) {
      const delivery = this.#begin(held);
      if (!delivery || !needsStamp(delivery)) return delivery;
      this.#stamp(delivery);
    }
    return undefined;
  }

  #fill(most: number, held?: (list: string) => boolean): void {
    while (this.count < most) {
      const delivery = this.#begin(held);
      if (!delivery) return;
      if (needsStamp(delivery)) this.#stamp(delivery);
      else this.#ready.push(delivery);
    }
  }

  #begin(held?: (list: string) => boolean): Delivery | undefined {
    const delivery = this.#waiting.take(held);
    if (delivery) this.#port.begun();
    return delivery;
  }

  #stamp(delivery: Delivery): void {
    this.#underWay++;
    delivery.load.copies?.stampLater(delivery, () => {
      this.#underWay--;
      this.#ready.push(delivery);
      this.#tell();
    });
  }

  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setImmediate(() => {
      this.#isTelling = false;
      this.#onReady();
    });
  }
}

// A copy whose session was lost has its stamp. One without a signature is stamped by the session.
function needsStamp({ load, head }: Delivery): boolean {
  return load.copies !== undefined && head === undefined && load.copies.isSlow;
}
