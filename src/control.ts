import type { LaneChange, LaneControl, LaneReport } from './lane-report.ts';

/**
 * What another process of the same user may ask a running daemon through `ezlm.sock`: one line of JSON, answered with one line of JSON.
 * Everything that is on disk is asked of the disk instead.
 */
export type ControlRequest =
  | { readonly ask: 'status' }
  | { readonly ask: 'lanes' }
  /** Posts of this list were held or dropped. */
  | { readonly ask: 'putBack'; readonly list: string }
  /** Posts of this list were released, or shall be tried at once. */
  | { readonly ask: 'goOn'; readonly list: string }
  | ({ readonly ask: 'setLane'; readonly lane: string } & LaneChange);

/** What a running daemon knows of itself. Times in milliseconds since 1970. */
export interface DaemonStatus {
  readonly pid: number;
  readonly startedAt: number;
  /** What is listened for, as `SMTP on 127.0.0.1:2525`. */
  readonly listening: readonly string[];
  readonly lanes: number;
  readonly connections: number;
}

/** The answer to each request, by its `ask`. */
export interface ControlAnswers {
  readonly status: DaemonStatus;
  readonly lanes: readonly LaneReport[];
  /** False when there is no such lane. */
  readonly setLane: boolean;
  readonly putBack: boolean;
  readonly goOn: boolean;
}

/** The names of lanes are host names or addresses; more than this is none. */
const laneLettersMost = 1_000;

/** What answers are made from. */
export interface ControlParts {
  readonly lanes: LaneControl;
  readonly status: () => Omit<DaemonStatus, 'lanes' | 'connections'>;
}

/** Answers one line: `{"answer": …}`, or `{"problem": "…"}`. Never rejects. */
export async function answerRequest(line: string, parts: ControlParts): Promise<string> {
  const request = parseRequest(line);
  if (!request) return JSON.stringify({ problem: 'the daemon does not know this request' });
  try {
    return JSON.stringify({ answer: await answerTo(request, parts) });
  } catch (error) {
    return JSON.stringify({ problem: `the daemon cannot answer now: ${String(error)}` });
  }
}

async function answerTo(request: ControlRequest, { lanes, status }: ControlParts): Promise<unknown> {
  if (request.ask === 'setLane') {
    const { lane, paused, factor } = request;
    return lanes.setLane(lane, {
      ...(paused === undefined ? {} : { paused }),
      ...(factor === undefined ? {} : { factor }),
    });
  }
  if (request.ask === 'putBack') return lanes.putBack(request.list).then(() => true);
  if (request.ask === 'goOn') return lanes.goOn(request.list).then(() => true);
  const reports = await lanes.lanes();
  if (request.ask === 'lanes') return reports;
  const connections = reports.reduce((sum, report) => sum + report.connections, 0);
  return { ...status(), lanes: reports.length, connections } satisfies DaemonStatus;
}

/** Reads a request that came through the socket; undefined when it is none. */
export function parseRequest(line: string): ControlRequest | undefined {
  const asked = parseObject(line);
  if (asked?.['ask'] === 'status' || asked?.['ask'] === 'lanes') return Object.freeze({ ask: asked['ask'] });
  if (asked?.['ask'] === 'putBack' || asked?.['ask'] === 'goOn')
    return isName(asked['list']) ? { ask: asked['ask'], list: asked['list'] } : undefined;
  return asked?.['ask'] === 'setLane' ? laneRequest(asked) : undefined;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= laneLettersMost;
}

function laneRequest({ lane, paused, factor }: Readonly<Record<string, unknown>>): ControlRequest | undefined {
  const isPaused = paused === undefined || typeof paused === 'boolean';
  const isFactor = factor === undefined || (typeof factor === 'number' && factor > 0 && factor <= 1);
  if (!isName(lane) || !isPaused || !isFactor) return undefined;
  return Object.freeze({
    ask: 'setLane',
    lane,
    ...(paused === undefined ? {} : { paused }),
    ...(factor === undefined ? {} : { factor }),
  });
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
