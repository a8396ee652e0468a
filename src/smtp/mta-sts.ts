import { parseDomain } from '../mail/address.ts';

/** What a domain publishes of the TLS of its MX hosts (RFC 8461 §3.2). Frozen. */
export interface StsPolicy {
  /** `testing`: what does not fit is told to the operator and changes nothing; `none`: the domain has no policy any more. */
  readonly mode: 'enforce' | 'testing' | 'none';
  /** Names of MX hosts in lower case; `*.` stands for one label. */
  readonly mx: readonly string[];
  /** How long it holds from the moment it was fetched. */
  readonly maxAgeSeconds: number;
}

/** The most that a policy may ask for: a year (RFC 8461 §3.2). */
const maxAgeMost = 31_557_600;
/** Names in one policy. */
const mxMost = 500;

/** The id in the TXT records of `_mta-sts.<domain>`; undefined: there is no policy, or more than one record claims it (RFC 8461 §3.1). */
export function stsId(records: readonly string[]): string | undefined {
  const ours = records.filter((record) => /^v=STSv1[ \t]*;/.test(record));
  if (ours.length !== 1) return undefined;
  const fields = ours[0]!.split(';').map((field) => field.trim());
  const id = fields.find((field) => field.startsWith('id='))?.slice('id='.length);
  return id !== undefined && /^[A-Za-z0-9]{1,32}$/.test(id) ? id : undefined;
}

/** Reads a policy file (RFC 8461 §3.2); a text says what is wrong with it. */
export function parseStsPolicy(text: string): StsPolicy | string {
  const fields = new Map<string, string>();
  const mx: string[] = [];
  for (const line of text.split('\n').filter((one) => one.trim() !== '')) {
    const at = line.indexOf(':');
    if (at < 1) return 'has a line that is no field';
    const [name, value] = [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    if (name === 'mx') mx.push(value);
    // Of fields that must stand once, the first counts.
    else if (!fields.has(name)) fields.set(name, value);
  }
  if (fields.get('version') !== 'STSv1') return 'is not of version STSv1';
  const mode = modeOf(fields.get('mode'));
  const age = fields.get('max_age') ?? '';
  const patterns = mx.map(patternOf);
  if (mode === undefined) return 'has no mode that is known';
  if (!/^\d{1,10}$/.test(age)) return 'has no max_age in seconds';
  if (mode !== 'none' && mx.length === 0) return 'names no MX host';
  if (mx.length > mxMost || !patterns.every((pattern) => pattern !== undefined)) return 'names an MX host that is none';
  return Object.freeze({ mode, mx: patterns, maxAgeSeconds: Math.min(Number(age), maxAgeMost) });
}

/** Whether a policy names an MX host (RFC 8461 §4.1). */
export function stsNames({ mx }: StsPolicy, host: string): boolean {
  const parent = host.slice(host.indexOf('.') + 1);
  return mx.some((pattern) => (pattern.startsWith('*.') ? pattern.slice(2) === parent : pattern === host));
}

function modeOf(text: string | undefined): StsPolicy['mode'] | undefined {
  return (['enforce', 'testing', 'none'] as const).find((mode) => mode === text);
}

function patternOf(text: string): string | undefined {
  const star = text.startsWith('*.') ? '*.' : '';
  const domain = parseDomain(text.slice(star.length).replace(/\.$/, ''));
  return domain === undefined || domain.startsWith('[') ? undefined : star + domain;
}
