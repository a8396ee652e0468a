import { join } from 'node:path';
import { deliverToMaildir, type MaildirParts } from '../domain/maildir.ts';
import { safeName } from '../lib/files.ts';
import type { FullLane } from '../queue/store.ts';
import type { Carrier, CarrierPort, Delivery, Run } from './delivery.ts';
import { type Back, KeptBack } from './kept-back.ts';
import type { FromTraffic, TrafficPort } from './traffic-messages.ts';
import { Waiting } from './waiting.ts';

/** Maildirs that are written at a time. */
const writersMost = 16;

export interface SandboxCarrierParts extends MaildirParts {
  /** Tells what the operator has paused. */
  readonly traffic: TrafficPort;
}

/** The sandbox's carrier: every outgoing copy goes into the Maildir `<root>/<address>/`, and nothing leaves the machine. */
export class SandboxCarrier implements Carrier {
  readonly #root: string;
  readonly #parts: SandboxCarrierParts;
  readonly #port: CarrierPort;
  readonly #kept: KeptBack;
  readonly #waiting = new Waiting();
  #writers = 0;
  #isStopping = false;

  constructor(root: string, parts: SandboxCarrierParts, port: CarrierPort) {
    this.#root = root;
    this.#parts = parts;
    this.#port = port;
    this.#kept = new KeptBack(parts.clock);
    parts.traffic.hear((message) => this.#hear(message));
  }

  carry(domain: string, run: Run, isSingle: boolean): void {
    const back = this.#kept.back(domain, run.job);
    if (back) return this.#port.putBack(run, back.until, back.reply);
    this.#waiting.add(run, isSingle);
    this.resume();
  }

  resume(): void {
    while (this.#writers < writersMost && this.#waiting.count > 0 && !this.#isStopping && this.#port.mayBegin()) {
      this.#writers++;
      this.#port.begun();
      void this.#write(this.#waiting.take()!);
    }
  }

  fullLanes(): FullLane[] {
    const domains = this.#kept.domains();
    return domains.length === 0 ? [] : [{ domains, posts: undefined }];
  }

  pausedLists(): string[] {
    return [];
  }

  shutUntil(): undefined {}

  slow(): number {
    return 0;
  }

  busyDomains(): string[] {
    return this.#kept.domains();
  }

  closedDomains(): string[] {
    return this.#kept.domains();
  }

  renew(): void {}

  async stop(): Promise<number> {
    this.#isStopping = true;
    while (this.#writers > 0) await this.#parts.clock.sleep(1);
    return 0;
  }

  #hear(message: FromTraffic): void {
    if (message.kind === 'hold' && this.#kept.hold(message.domain, message.isPaused)) {
      if (message.isPaused) this.#putBackWhere(({ domain }) => domain === message.domain, this.#kept.heldBack());
      else this.#port.opened();
    } else if (message.kind === 'putBack') {
      this.#kept.recall(message.list);
      this.#putBackWhere(({ job }) => job.kind !== 'mail' && job.list === message.list, this.#kept.listBack());
    }
  }

  #putBackWhere(isMeant: (run: Run) => boolean, { until, reply }: Back): void {
    for (const run of this.#waiting.shedWhere(isMeant)) this.#port.putBack(run, until, reply);
  }

  async #write(delivery: Delivery): Promise<void> {
    const directory = join(this.#root, safeName(delivery.recipient.toLowerCase()));
    try {
      await deliverToMaildir(directory, copyOf(delivery), this.#parts);
      this.#port.settle(delivery, {
        state: 'delivered',
        host: 'sandbox',
        reply: '250 2.0.0 in the Maildir',
        onward: 'arrived',
      });
    } catch (error) {
      this.#port.settle(delivery, {
        state: 'deferred',
        host: 'sandbox',
        reply: `451 4.3.0 ${(error as Error).message}`,
      });
    }
    this.#writers--;
    this.resume();
  }
}

// RFC 5321 §4.4: the last hop writes the envelope sender into Return-Path.
function copyOf(delivery: Delivery): Buffer {
  const { sender, recipient, load } = delivery;
  load.copies?.stampNow(delivery, load.message);
  const head = delivery.head ? `${String(delivery.head.before)}${delivery.head.text}` : '';
  const trace = Buffer.from(`Return-Path: <${sender}>\r\nDelivered-To: ${recipient}\r\n${head}`, 'utf8');
  const { octets } = load.message;
  const message = octets.subarray(0, octets.length - '.\r\n'.length).toString('latin1');
  return Buffer.concat([trace, Buffer.from(message.replaceAll('\r\n..', '\r\n.').replace(/^\.\./, '.'), 'latin1')]);
}
