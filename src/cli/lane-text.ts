import type { LaneReport } from '../lane-report.ts';
import { shown } from './door.ts';

const nameWidth = 28;
const replyLettersMost = 60;

/** The heading of `laneLine`. */
export const laneHeading = `${'LANE'.padEnd(nameWidth)} ${'STATE'.padEnd(10)} ${columns(['RATE', 'CONN', 'WAITING', 'DELIVERED', 'DEFERRED', 'FAILED', 'EMPTY IN'])}  LAST REPLY`;

/** How much is at work: `20 connections in 1 lane`. */
export function atWorkText(connections: number, lanes: number): string {
  return `${connections} ${connections === 1 ? 'connection' : 'connections'} in ${lanes} ${lanes === 1 ? 'lane' : 'lanes'}`;
}

/** One lane as a line of text. */
export function laneLine(report: LaneReport, now: number): string {
  const { lane, rate, connections, opening, waiting, delivered, deferred, uncertain, failed, lastReply } = report;
  const figures = [
    `${rateText(rate)}/s`,
    opening > 0 ? `${connections}+${opening}` : String(connections),
    ...[waiting, delivered, deferred + uncertain, failed].map(String),
    waiting > 0 ? etaText(waiting, rate) : '-',
  ];
  const reply = shown(lastReply).slice(0, replyLettersMost);
  return `${cut(shown(lane), nameWidth)} ${stateText(report, now).padEnd(10)} ${columns(figures)}  ${reply}`.trimEnd();
}

/** What keeps a lane from its full speed, if anything does. */
export function stateText({ paused, factor, backedOffUntil, connections, opening }: LaneReport, now: number): string {
  if (paused) return 'paused';
  if (backedOffUntil !== undefined && backedOffUntil > now) return `off ${spanText(backedOffUntil - now)}`;
  if (factor < 1) return `slow ${Math.round(factor * 100)}%`;
  return connections + opening > 0 ? 'busy' : 'idle';
}

/** When work that is left is done at this rate; `-` where nobody can say. */
export function etaText(left: number, perSecond: number): string {
  return perSecond > 0 ? spanText((left / perSecond) * 1_000) : '-';
}

/** A span of time in two units: `12s`, `4m10s`, `2h05m`, `3d04h`. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1_440) return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
  return `${Math.floor(minutes / 1_440)}d${two(Math.floor(minutes / 60) % 24)}h`;
}

/** A rate with as many digits as mean something. */
export function rateText(perSecond: number): string {
  return perSecond >= 10 || perSecond === 0 ? String(Math.round(perSecond)) : perSecond.toFixed(1);
}

function columns(texts: readonly string[]): string {
  return texts.map((text, at) => text.padStart([8, 7, 8, 10, 9, 8, 8][at]!)).join(' ');
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
