import { type Database, read, write } from '../lib/database.ts';
import type { BounceRules, BounceEffect, BounceNews, MemberStanding, NewBounce, TakenStep } from './bounce-store.ts';
import { insertBounce } from './bounce-operations.ts';
import { climbed, firm, type LadderRules, returned, type Standing, stumbled } from './ladder.ts';
import { removeMember } from './member-operations.ts';
import type { Role } from './name.ts';
import type { Cause } from './cause.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** Posts that a warning names. */
const missedMost = 100;

interface MemberRow {
  readonly member: number;
  readonly role: Role;
  readonly address: string;
  readonly record: string | null;
}

/** Records bounces and moves the standings of their members. */
export const recordBounces = write(
  (db: Database, ask: { bounces: readonly NewBounce[]; rules: BounceRules }): BounceNews => {
    const effects = ask.bounces.map((bounce) => recordBounce(db, bounce, ask.rules));
    const isAlarm = ask.bounces.some((bounce, at) => effects[at] === 'kept' && isAlarming(db, bounce, ask.rules));
    const dues = ask.bounces.map(({ member }) => dueOf(db, member)).filter((due) => due !== undefined);
    return { effects, due: isAlarm ? 0 : dues.length > 0 ? Math.min(...dues) : undefined };
  },
);

/** Takes steps that are due: the standings say that they were taken, `unsent` that their mails are not in the queue yet. */
export const takeSteps = write(
  (
    db: Database,
    ask: { now: number; rules: LadderRules; limit: number },
  ): { steps: TakenStep[]; recovered: number } => {
    const { now, rules, limit } = ask;
    const due = db.all<MemberRow>(`${standingRows} WHERE s.due <= ? ORDER BY s.due LIMIT ? + 0`, now, limit);
    const taken = due.map((row) => takeStep(db, row, now, rules));
    const unsent = db.all<MemberRow>(`${standingRows} WHERE s.unsent = 1 ORDER BY s.member LIMIT ? + 0`, limit);
    return {
      steps: unsent.map((row) => stepOf(db, standingOf(row))),
      recovered: taken.filter((step) => step === 'recovered').length,
    };
  },
);

export const stepsSent = write((db: Database, ask: { members: readonly number[] }) => {
  for (const member of ask.members) db.run('UPDATE standings SET unsent = 0 WHERE member = ?', member);
});

export const standings = read(
  (db: Database, ask: { after: number; canonical: string | null; limit: number }): MemberStanding[] =>
    db
      .all<MemberRow>(
        `${standingRows} WHERE s.member > ?1 AND (?2 IS NULL OR m.address = ?2) ORDER BY s.member LIMIT ?3 + 0`,
        ask.after,
        ask.canonical,
        ask.limit,
      )
      .map((row) => standingOf(row)),
);

export const resetStanding = write((db: Database, ask: { member: number; cause: Cause }): boolean => {
  const row = db.get<MemberRow>(`${standingRows} WHERE s.member = ?`, ask.member);
  if (!row) return false;
  db.run('DELETE FROM standings WHERE member = ?', ask.member);
  logLine(db, 'reset', row, ask.cause.at, ask.cause.note ?? '', ask.cause.id);
  return true;
});

/** When a step is due; 0 for a mail or an alarm that waits. */
export const nextStep = read((db: Database, _ask: undefined): number | undefined => {
  const waits = db.get(
    `SELECT 1 FROM standings WHERE unsent = 1 UNION ALL SELECT 1 FROM kept WHERE name = 'alarm' LIMIT 1`,
  );
  if (waits) return 0;
  return (
    db.get<{ due: number | null }>('SELECT min(due) AS due FROM standings WHERE due IS NOT NULL')?.due ?? undefined
  );
});

function recordBounce(db: Database, bounce: NewBounce, rules: BounceRules): BounceEffect {
  const row = db.get<MemberRow>(
    `SELECT m.id AS member, m.role, m.address, s.record FROM members m LEFT JOIN standings s ON s.member = m.id WHERE m.id = ?`,
    bounce.member,
  );
  if (db.get('SELECT 1 FROM bounces WHERE cause = ?', bounce.cause)) return 'known';
  if (!row) return 'gone';
  const { standing } = standingOf(row);
  const isCounted = bounce.step === undefined && counts(db, bounce, rules);
  const next = bounce.step
    ? returned(standing, { ...bounce.step, at: bounce.at, grounds: bounce.grounds }, rules)
    : isCounted
      ? stumbled(standing, bounce, rules)
      : standing;
  insertBounce(db, bounce, next !== standing);
  if (next === standing) return 'kept';
  if (next === 'out') return endMembership(db, row, bounce);
  save(db, row.member, next);
  return effectOf(db, row, standing, next, bounce);
}

function effectOf(
  db: Database,
  row: MemberRow,
  before: Standing,
  next: Standing,
  { at, cause, reason, text }: NewBounce,
): BounceEffect {
  const why = `${reason}: ${text}`;
  if (next.state !== before.state) {
    logLine(db, 'suspended', row, at, why, cause);
    return 'suspended';
  }
  if (next.isReturned && !before.isReturned) {
    logLine(db, 'warning returned', row, at, why, cause);
    return 'returned';
  }
  if (next.due !== undefined && before.due === undefined) logLine(db, 'bounced', row, at, why, cause);
  return 'counted';
}

// A post counts once, and so does a day: a burst is one bounce. Old posts are replays.
function counts(db: Database, { member, number, at, grounds }: NewBounce, { keepFor }: BounceRules): boolean {
  if (grounds === 'policy' || grounds === 'passing' || number === 0) return false;
  const post = db.get<{ at: number }>('SELECT at FROM posts WHERE number = ?', number);
  if (post && post.at < at - keepFor) return false;
  // Numbers are bound as reals: the day is cut here, a division in SQL would not.
  const day = Math.floor(at / dayMs) * dayMs;
  return !db.get(
    'SELECT 1 FROM bounces WHERE member = ? AND counted = 1 AND (number = ? OR (at >= ? AND at < ?))',
    member,
    number,
    day,
    day + dayMs,
  );
}

function endMembership(
  db: Database,
  { member, role }: MemberRow,
  { at, cause, reason, text }: NewBounce,
): BounceEffect {
  removeMember(db, member, role, { id: cause, tag: 'probe', at, note: `${reason}: ${text}` });
  return 'removed';
}

function takeStep(db: Database, row: MemberRow, now: number, rules: LadderRules): string | undefined {
  const { standing } = standingOf(row);
  const { standing: next, step } = climbed(standing, now, rules);
  if (step === 'warn' || step === 'probe') save(db, row.member, next, 1);
  else db.run('DELETE FROM standings WHERE member = ?', row.member);
  const event = step && { warn: 'warned', probe: 'probed', recovered: 'recovered' }[step];
  if (event) logLine(db, event, row, now, standing.grounds ?? '', `${row.member}:${next.since}:${event}`);
  return step;
}

function stepOf(db: Database, one: MemberStanding): TakenStep {
  const began = one.standing.began ?? 0;
  const missed = db.all<{ number: number; subject: string }>(
    `SELECT b.number, coalesce(p.subject, '') AS subject FROM bounces b LEFT JOIN posts p ON p.number = b.number
      WHERE b.member = ? AND b.at >= ? AND b.number > 0 GROUP BY b.number ORDER BY b.number LIMIT ? + 0`,
    one.member,
    began,
    missedMost,
  );
  const { missedCount } = db.get<{ missedCount: number }>(
    'SELECT count(DISTINCT number) AS missedCount FROM bounces WHERE member = ? AND at >= ? AND number > 0',
    one.member,
    began,
  )!;
  const last = db.get<{ reason: string; text: string }>(
    'SELECT reason, text FROM bounces WHERE member = ? ORDER BY id DESC LIMIT 1',
    one.member,
  );
  const step = one.standing.state === 'probed' ? 'probe' : 'warn';
  return { ...one, step, missed, missedCount, reason: last?.reason ?? '', text: last?.text ?? '' };
}

// Whoever is suspended is asked no more, also when a crash has left the probe unsent.
function save(db: Database, member: number, standing: Standing, unsent = 0): void {
  db.run(
    `INSERT INTO standings (member, state, due, unsent, record) VALUES (?1, ?2, ?3, ?4, ?5)
      ON CONFLICT (member) DO UPDATE SET state = ?2, due = ?3, record = ?5,
        unsent = CASE WHEN ?2 = 'suspended' THEN 0 ELSE max(unsent, ?4) END`,
    member,
    standing.state,
    standing.due ?? null,
    unsent,
    JSON.stringify(standing),
  );
}

function standingOf({ member, role, address, record }: MemberRow): MemberStanding {
  return { member, role, address, standing: record === null ? firm : (JSON.parse(record) as Standing) };
}

function dueOf(db: Database, member: number): number | undefined {
  return db.get<{ due: number | null }>('SELECT due FROM standings WHERE member = ?', member)?.due ?? undefined;
}

// One alarm a day: the owner needs no second letter about the same trouble.
function isAlarming(db: Database, { grounds, at, reason, host, text }: NewBounce, rules: BounceRules): boolean {
  if (grounds !== 'policy' || rules.alarmRefusals === 0) return false;
  const { count } = db.get<{ count: number }>(
    `SELECT count(*) AS count FROM bounces WHERE grounds = 'policy' AND at > ?`,
    at - hourMs,
  )!;
  const last = db.get<{ text: string }>(`SELECT text FROM kept WHERE name = 'last alarm'`);
  if (count < rules.alarmRefusals || (last && Number(last.text) > at - dayMs)) return false;
  keep(db, 'last alarm', String(at));
  keep(db, 'alarm', JSON.stringify({ at, count, reason, host, text }));
  return true;
}

function keep(db: Database, name: string, text: string): void {
  db.run('INSERT INTO kept (name, text) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET text = ?2', name, text);
}

function logLine(
  db: Database,
  event: string,
  { role, address }: MemberRow,
  at: number,
  note: string,
  cause: string,
): void {
  db.run(
    'INSERT INTO log (at, event, role, address, note, cause) VALUES (?, ?, ?, ?, ?, ?)',
    at,
    event,
    role,
    address,
    note,
    cause,
  );
}

const standingRows = `SELECT s.member, m.role, m.address, s.record FROM standings s JOIN members m ON m.id = s.member`;
