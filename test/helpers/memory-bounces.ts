import { setImmediate as turn } from 'node:timers/promises';
import type {
  Bounce,
  BounceEffect,
  BounceNews,
  BounceRules,
  BounceStore,
  BounceSummary,
  KeptBounce,
  MemberStanding,
  NewBounce,
  PolicyAlarm,
  TakenStep,
} from '../../src/list/bounce-store.ts';
import { climbed, firm, type LadderRules, returned, type Standing, stumbled } from '../../src/list/ladder.ts';
import type { Cause } from '../../src/list/cause.ts';
import type { LogLine, Member, PostRecord } from '../../src/list/store.ts';
import { canonicalOf } from '../../src/mail/address.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** The bounces of a list in memory; the list itself is the class that extends this one. */
export abstract class MemoryBounces implements BounceStore {
  #bounces: KeptBounce[] = [];
  readonly #evidence = new Map<number, Buffer>();
  readonly #standings = new Map<number, Standing>();
  readonly #unsent = new Set<number>();
  #alarm: PolicyAlarm | undefined;
  #lastAlarm = -Infinity;
  #lastSummary: number | undefined;
  #count = 0;

  protected abstract present(id: number): Member | undefined;
  protected abstract presentAs(role: 'subscriber' | 'digest', canonical: string): Member | undefined;
  protected abstract end(member: Member, cause: Cause): void;
  protected abstract line(line: LogLine): void;
  protected abstract lines(): readonly LogLine[];
  protected abstract post(number: number): PostRecord | undefined;

  protected isSuspended(member: number): boolean {
    return this.#standings.get(member)?.state === 'suspended';
  }

  protected forgetStanding(member: number): void {
    this.#standings.delete(member);
    this.#unsent.delete(member);
  }

  async recordBounces(bounces: readonly NewBounce[], rules: BounceRules): Promise<BounceNews> {
    await turn();
    const effects = bounces.map((bounce) => this.#record(bounce, rules));
    const isAlarm = bounces.some((bounce, at) => effects[at] === 'kept' && this.#alarms(bounce, rules));
    const dues = bounces.flatMap(({ member }) => this.#standings.get(member)?.due ?? []);
    return { effects, due: isAlarm ? 0 : dues.length > 0 ? Math.min(...dues) : undefined };
  }

  async complain(bounce: Bounce, cause: Cause): Promise<number> {
    await turn();
    this.#keep({ ...bounce, weight: 0 }, false);
    const canonical = canonicalOf(bounce.address);
    const found = (['subscriber', 'digest'] as const).flatMap((role) => this.presentAs(role, canonical) ?? []);
    for (const member of found) this.end(member, cause);
    return found.length;
  }

  async bounces(limit: number, canonical?: string): Promise<KeptBounce[]> {
    await turn();
    const some = this.#bounces.filter(({ address }) => canonical === undefined || address.toLowerCase() === canonical);
    return some.toReversed().slice(0, limit);
  }

  async evidence(bounce: number): Promise<Buffer | undefined> {
    await turn();
    return this.#evidence.get(bounce);
  }

  async *standings(canonical?: string): AsyncIterable<MemberStanding[]> {
    await turn();
    const all = [...this.#standings.keys()]
      .toSorted((a, b) => a - b)
      .flatMap((member) => this.#standingOf(member) ?? []);
    const some = all.filter(({ address }) => canonical === undefined || canonicalOf(address) === canonical);
    if (some.length > 0) yield some;
  }

  async resetStanding(member: number, cause: Cause): Promise<boolean> {
    await turn();
    const found = this.#standings.has(member) && this.present(member);
    if (!found) return false;
    this.forgetStanding(member);
    this.line({ at: cause.at, event: 'reset', role: found.role, address: found.address, note: cause.note ?? '' });
    return true;
  }

  async takeSteps(now: number, rules: LadderRules, limit: number): Promise<{ steps: TakenStep[]; recovered: number }> {
    await turn();
    const due = [...this.#standings].filter(([, { due }]) => due !== undefined && due <= now);
    let recovered = 0;
    for (const [member, standing] of due.toSorted((a, b) => a[1].due! - b[1].due!).slice(0, limit)) {
      const { standing: next, step } = climbed(standing, now, rules);
      this.#standings.set(member, next);
      if (step === 'warn' || step === 'probe') this.#unsent.add(member);
      else this.forgetStanding(member);
      if (step === 'recovered') recovered++;
      const event = step && { warn: 'warned', probe: 'probed', recovered: 'recovered' }[step];
      const { role, address } = this.present(member)!;
      if (event) this.line({ at: now, event, role, address, note: standing.grounds ?? '' });
    }
    const unsent = [...this.#unsent].toSorted((a, b) => a - b).slice(0, limit);
    return { steps: unsent.map((member) => this.#stepOf(this.#standingOf(member)!)), recovered };
  }

  async stepsSent(steps: readonly TakenStep[]): Promise<void> {
    await turn();
    for (const { member } of steps) this.#unsent.delete(member);
  }

  async nextStep(): Promise<number | undefined> {
    await turn();
    if (this.#unsent.size > 0 || this.#alarm) return 0;
    const dues = [...this.#standings.values()].flatMap(({ due }) => due ?? []);
    return dues.length > 0 ? Math.min(...dues) : undefined;
  }

  async openAlarm(): Promise<PolicyAlarm | undefined> {
    await turn();
    return this.#alarm;
  }

  async alarmTold(): Promise<void> {
    await turn();
    this.#alarm = undefined;
  }

  async bounceSummary(from: number, to: number): Promise<BounceSummary> {
    await turn();
    const some = this.#bounces.filter(({ at }) => at >= from && at < to);
    const stepped = ['warned', 'probed', 'recovered', 'suspended', '-probe', '-complaint'];
    const events = this.lines().filter(({ at, event }) => at >= from && at < to && stepped.includes(event));
    const domains = countsOf(some.map(({ address }) => canonicalOf(address).split('@')[1]!));
    return {
      byReason: countsOf(some.map(({ reason }) => reason)).map(([reason, count]) => ({
        reason,
        count,
        members: new Set(some.filter((one) => one.reason === reason).map(({ member }) => member)).size,
      })),
      byEvent: countsOf(events.map(({ event }) => event))
        .map(([event, count]) => ({ event, count }))
        .toSorted((a, b) => (a.event < b.event ? -1 : 1)),
      byDomain: domains.slice(0, 10).map(([domain, count]) => ({ domain, count })),
    };
  }

  async lastSummary(): Promise<number | undefined> {
    await turn();
    return this.#lastSummary;
  }

  async summaryTold(at: number): Promise<void> {
    await turn();
    this.#lastSummary = at;
  }

  async eraseBounces(canonical: string): Promise<void> {
    await turn();
    const own = this.#bounces.filter(({ address }) => canonicalOf(address) === canonical);
    this.#bounces = this.#bounces.filter((one) => !own.includes(one));
    for (const { id } of own) this.#evidence.delete(id);
  }

  async forgetBounces(before: number): Promise<number> {
    await turn();
    const old = this.#bounces.filter(({ at }) => at < before);
    this.#bounces = this.#bounces.filter(({ at }) => at >= before);
    for (const { id } of old) this.#evidence.delete(id);
    return old.length;
  }

  #record(bounce: NewBounce, rules: BounceRules): BounceEffect {
    const member = this.present(bounce.member);
    if (this.#bounces.some(({ cause }) => cause === bounce.cause)) return 'known';
    if (!member) return 'gone';
    const before = this.#standings.get(bounce.member) ?? firm;
    const next = this.#next(before, bounce, rules);
    this.#keep(bounce, next !== before);
    if (next === before) return 'kept';
    if (next === 'out') {
      const { cause, at, reason, text } = bounce;
      this.end(member, { id: cause, tag: 'probe', at, note: `${reason}: ${text}` });
      return 'removed';
    }
    this.#standings.set(bounce.member, next);
    if (next.state === 'suspended') this.#unsent.delete(bounce.member);
    return this.#effectOf(member, before, next, bounce);
  }

  #next(before: Standing, bounce: NewBounce, rules: BounceRules): Standing | 'out' {
    if (bounce.step) return returned(before, { ...bounce.step, at: bounce.at, grounds: bounce.grounds }, rules);
    return this.#counts(bounce, rules) ? stumbled(before, bounce, rules) : before;
  }

  #effectOf(member: Member, before: Standing, next: Standing, { at, reason, text }: NewBounce): BounceEffect {
    const line = { at, role: member.role, address: member.address, note: `${reason}: ${text}` };
    if (next.state !== before.state) {
      this.line({ ...line, event: 'suspended' });
      return 'suspended';
    }
    if (next.isReturned && !before.isReturned) {
      this.line({ ...line, event: 'warning returned' });
      return 'returned';
    }
    if (next.due !== undefined && before.due === undefined) this.line({ ...line, event: 'bounced' });
    return 'counted';
  }

  #counts({ member, number, at, grounds }: NewBounce, { keepFor }: BounceRules): boolean {
    if (grounds === 'policy' || grounds === 'passing' || number === 0) return false;
    const post = this.post(number);
    if (post && post.at < at - keepFor) return false;
    const counted = this.#bounces.filter((one) => one.member === member && one.counted);
    return !counted.some((one) => one.number === number || Math.floor(one.at / dayMs) === Math.floor(at / dayMs));
  }

  #keep(bounce: NewBounce, counted: boolean): void {
    if (this.#bounces.some(({ cause }) => cause === bounce.cause)) return;
    const { member, address, number, at, how, reason, grounds, permanent, status, host, text, cause, evidence } =
      bounce;
    const id = ++this.#count;
    const row = {
      id,
      member,
      address,
      number,
      at,
      how,
      reason,
      grounds,
      permanent,
      status,
      host,
      text,
      cause,
      counted,
    };
    this.#bounces.push(row);
    if (evidence) this.#evidence.set(id, Buffer.from(evidence));
  }

  #alarms({ grounds, at, reason, host, text }: NewBounce, rules: BounceRules): boolean {
    const count = this.#bounces.filter((one) => one.grounds === 'policy' && one.at > at - hourMs).length;
    const isEnough = grounds === 'policy' && rules.alarmRefusals > 0 && count >= rules.alarmRefusals;
    if (!isEnough || this.#lastAlarm > at - dayMs) return false;
    this.#lastAlarm = at;
    this.#alarm = { at, count, reason, host, text };
    return true;
  }

  #standingOf(id: number): MemberStanding | undefined {
    const member = this.present(id);
    const standing = this.#standings.get(id);
    return member && standing && { member: id, role: member.role, address: member.address, standing };
  }

  #stepOf(one: MemberStanding): TakenStep {
    const own = this.#bounces.filter(({ member }) => member === one.member);
    const since = own.filter(({ at, number }) => at >= (one.standing.began ?? 0) && number > 0);
    const numbers = [...new Set(since.map(({ number }) => number))].toSorted((a, b) => a - b);
    const missed = numbers.slice(0, 100).map((number) => ({ number, subject: this.post(number)?.subject ?? '' }));
    const { reason = '', text = '' } = own.at(-1) ?? {};
    const step = one.standing.state === 'probed' ? 'probe' : 'warn';
    return { ...one, step, missed, missedCount: numbers.length, reason, text };
  }
}

function countsOf(words: readonly string[]): [string, number][] {
  const counts = Map.groupBy(words, (word) => word);
  const all = [...counts].map(([word, some]): [string, number] => [word, some.length]);
  return all.toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}
