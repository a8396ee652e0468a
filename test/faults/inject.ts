import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchDaemon } from '../bench/home.ts';
import { besideRecording, recordedByStrace, straceIsAbsent } from '../helpers/strace.ts';
import { duplicatesOf, type FaultContext, type FaultPart, spread } from './part.ts';
import { type Site, siteCalls, sitesOf } from './sites.ts';
import { FaultStation } from './station.ts';
import { attach, strayHits, wholeLog } from '../helpers/strace-process.ts';
import { readTrace } from './trace.ts';
import { load, runUnder, startUnder, type Trial } from './trial.ts';

const readers = 8;
const runsMost = 300;
/** Below so many runs half of the faults must be met, else four of five. */
const fewRuns = 50;
/** No new run after so long. */
const limitMs = 14 * 60_000;

/** Each kind of call on a file of the home fails once, or from then on: a 4xx and nothing stored, or a 250 and delivered. */
export const inject: FaultPart = {
  name: 'inject',
  run: async (context) => {
    const absent = straceIsAbsent();
    if (absent !== false) return context.skip('failing system calls', absent);
    const station = await FaultStation.open(context.directory, readers);
    try {
      await new Injecting(context, station).run();
    } finally {
      await station.sink.stop();
    }
  },
};

class Injecting {
  readonly #context: FaultContext;
  /** A home that lives through all runs, and one that is new for each start. */
  readonly #old: FaultStation;
  readonly #new: FaultStation;
  readonly #untouched: string;
  readonly #log: string;
  readonly #tally = { hit: 0, refused: 0, silent: 0, notStarted: 0, died: 0, stray: 0 };
  #daemon: BenchDaemon | undefined;

  constructor(context: FaultContext, station: FaultStation) {
    this.#context = context;
    this.#old = station;
    this.#new = station.with(join(context.directory, 'new'));
    this.#untouched = join(context.directory, 'untouched');
    this.#log = join(context.directory, 'trace');
  }

  async run(): Promise<void> {
    const { say, claim, progress, runs, isSmall, random } = this.#context;
    await cp(this.#old.home.directory, this.#untouched, { recursive: true });
    try {
      const all = [...(await this.#recordStart()), ...(await this.#recordWarm())];
      const sites = spread(all, runs ?? (isSmall ? 16 : runsMost), random);
      say(`${all.length} ways to fail at the calls that a daemon makes in its home, ${sites.length} of them tried`);
      const late = Date.now() + limitMs;
      let done = 0;
      for (const site of sites) {
        if (Date.now() > late) break;
        progress(done, sites.length, site.text);
        await this.#try(site, `i${done++}.`);
      }
      const { hit, refused, silent, notStarted, died, stray } = this.#tally;
      say(
        `a call failed in ${hit} of ${done} runs; ${notStarted} did not start, ${died} ended by themselves or a signal`,
      );
      say(`messages refused for now: ${refused}, without an answer: ${silent}`);
      say(`calls that failed outside of the home, which are named above: ${stray}`);
      // Not every run makes the same calls in the same order: of a few faults, chance can leave out some.
      const least = done < fewRuns ? 0.5 : 0.8;
      claim(hit > least * done, `${least * 100} % of the faults were met at least`);
      const isLate = Date.now() > late;
      const limit = isLate ? `, the others not: ${limitMs / 60_000} minutes were over` : '';
      claim(done === sites.length || isLate, `${done} of ${sites.length} planned runs were made${limit}`);
    } finally {
      await this.#daemon?.kill();
    }
  }

  async #recordStart(): Promise<Site[]> {
    await this.#renew();
    const daemon = await this.#new.serve(recordedByStrace(this.#log, siteCalls));
    try {
      await this.#untroubled(this.#new, daemon, 'starting.');
    } finally {
      await daemon.kill();
    }
    await wholeLog(this.#log, daemon.pid);
    return this.#sites(this.#new, 'starting');
  }

  async #recordWarm(): Promise<Site[]> {
    const daemon = await this.#old.serve();
    this.#daemon = daemon;
    await this.#untroubled(this.#old, daemon, 'warm.');
    const end = await attach(besideRecording(daemon.pid, this.#log, siteCalls));
    await this.#untroubled(this.#old, daemon, 'running.');
    await end();
    const running = await this.#sites(this.#old, 'running');
    await attach(besideRecording(daemon.pid, this.#log, siteCalls));
    await daemon.stop();
    await wholeLog(this.#log, daemon.pid);
    this.#daemon = await this.#old.serve();
    return [...running, ...(await this.#sites(this.#old, 'stopping'))];
  }

  async #sites({ home }: FaultStation, when: Site['when']): Promise<Site[]> {
    return sitesOf(await readTrace(this.#log), home.directory, when);
  }

  async #renew(): Promise<void> {
    await rm(this.#new.home.directory, { recursive: true, force: true });
    await cp(this.#untouched, this.#new.home.directory, { recursive: true });
  }

  async #untroubled(station: FaultStation, daemon: BenchDaemon, prefix: string): Promise<void> {
    const sent = await load(station, daemon.port, prefix);
    const { lost, duplicates } = await station.settle(sent, prefix);
    const isGood = lost + duplicates === 0 && sent.every(({ answer }) => answer === 'accepted');
    this.#context.claim(isGood, `without a fault everything is delivered once (${prefix.slice(0, -1)})`);
  }

  async #try(site: Site, prefix: string): Promise<void> {
    const isNew = site.when === 'starting';
    const station = isNew ? this.#new : this.#old;
    const since = station.log.look();
    if (isNew) await this.#renew();
    const trial = await (
      isNew ? startUnder(station, site, prefix, this.#log) : runUnder(station, site, prefix, this.#log, this.#daemon!)
    ).catch((error: unknown) => this.#context.claim(false, `${site.text}: ${String(error)}`));
    for (const stray of strayHits(this.#log, station.home.directory)) {
      this.#tally.stray++;
      this.#context.say(`outside of the home: ${site.text}: ${stray}`);
    }
    const healthy = await station.serve();
    if (!isNew) this.#daemon = healthy;
    try {
      if (!trial) return;
      const verdict = await station.settle(trial.sent, prefix, { since });
      this.#context.count(verdict, site.text, duplicatesOf(trial.sent));
      this.#note(site, trial);
    } finally {
      if (isNew) await healthy.kill();
    }
  }

  #note(site: Site, { sent, isHit, isStarted, isDead }: Trial): void {
    const tally = this.#tally;
    if (isHit) tally.hit++;
    else this.#context.say(`not met: ${site.text}`);
    if (!isStarted) tally.notStarted++;
    if (isDead) tally.died++;
    if (isDead && !site.effect.startsWith('signal')) this.#context.say(`the daemon ended itself: ${site.text}`);
    tally.refused += sent.filter(({ answer }) => answer === 'refused').length;
    tally.silent += sent.filter(({ answer }) => answer === 'silence').length;
  }
}
