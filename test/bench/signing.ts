import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureKeys, type KeyAlgorithm } from '../../src/domain/signing-keys.ts';
import { keyRecord } from '../../src/mail/dkim.ts';
import { signaturesOf } from '../helpers/receiver.ts';
import { build } from './build.ts';
import { type BenchDaemon, BenchHome, domain, lines, owner } from './home.ts';
import { type Bar, judge, median, type Part, type Size } from './part.ts';
import { patienceMs, postText, recipient } from './peer.ts';
import { freePort } from './ports.ts';
import { startSink } from './sink-process.ts';

/** Of what openssl signs with all cores and does nothing else: the least. */
const leastOfOpenssl = 0.85;
/** Copies a second with an Ed25519 key, at the least. */
const leastEdwards = 20_000;
/** Copies that a receiver's tool looks at. */
const looked = 50;

interface Algorithm {
  readonly name: KeyAlgorithm;
  /** As `openssl speed` calls it. */
  readonly speed: string;
  readonly n: number;
  readonly small: number;
}

const algorithms: readonly Algorithm[] = [
  { name: 'rsa', speed: 'rsa2048', n: 100_000, small: 1_000 },
  { name: 'ed25519', speed: 'ed25519', n: 100_000, small: 2_000 },
];

/** A fan-out whose copies are signed one by one, beside `openssl speed` in turn; a receiver's tool verifies some. */
export const signing: Part = {
  name: 'signing',
  run: async (size) => {
    let areMet = true;
    for (const algorithm of algorithms) {
      const n = size.n ?? (size.isSmall ? algorithm.small : algorithm.n);
      console.log(
        `\nsigning: one 4 KiB post to ${n} subscribers, a List-Unsubscribe and a signature for each, ${algorithm.name}, median of ${size.runs}`,
      );
      areMet = (await isMet(algorithm, n, size)) && areMet;
    }
    return areMet;
  },
};

async function isMet(algorithm: Algorithm, n: number, { runs, isSmall }: Size): Promise<boolean> {
  const root = await mkdtemp(join(tmpdir(), 'ezlm-bench-signing-'));
  const port = await freePort();
  let started: Started | undefined;
  try {
    started = await start(root, algorithm.name, n, port);
    const copies: number[] = [];
    const bare: number[] = [];
    for (let run = 0; run < runs; run++) {
      bare.push(opensslRate(algorithm.speed, isSmall ? 1 : 2));
      copies.push(await rate(root, started, n, port));
    }
    const bad = await badCopies(root, started.records);
    const cores = availableParallelism();
    console.log(
      `  ${median(copies).toFixed(0)}/s; openssl speed ${algorithm.speed} on ${cores} cores: ${median(bare).toFixed(0)}/s`,
    );
    const bars: Bar[] = [{ what: 'do not verify', value: bad, unit: 'copies', most: 0 }];
    if (!isSmall) bars.push(rateBar(algorithm.name, median(copies), median(bare)));
    return judge(bars);
  } finally {
    await started?.daemon.kill();
    await rm(root, { recursive: true, force: true });
  }
}

function rateBar(name: KeyAlgorithm, copies: number, bare: number): Bar {
  return name === 'rsa'
    ? { what: 'of openssl speed on all cores', value: copies / bare, unit: 'x', least: leastOfOpenssl }
    : { what: 'rate', value: copies, unit: 'deliveries/s', least: leastEdwards };
}

interface Started {
  readonly daemon: BenchDaemon;
  readonly list: string;
  /** The TXT records of its keys. */
  readonly records: Readonly<Record<string, string>>;
}

async function start(root: string, algorithm: KeyAlgorithm, n: number, port: number): Promise<Started> {
  const home = new BenchHome(join(root, 'home'));
  await home.init();
  // The first key was made with the home.
  const keys = join(home.directory, 'keys');
  await rm(keys, { recursive: true, force: true });
  const { current } = await ensureKeys(keys, domain, algorithm, Date.now());
  const records = current.map((key) => [`${key.selector}._domainkey.${domain}`, keyRecord(key)] as const);
  const list = await home.make('list', 'unsubscribe=member');
  await home.ezlm(['sub', list], lines(n, recipient));
  await mkdir(join(root, 'saved'));
  return { daemon: await home.serve(port), list, records: Object.fromEntries(records) };
}

async function rate(root: string, { daemon, list }: Started, n: number, port: number): Promise<number> {
  const save = { directory: join(root, 'saved'), most: looked };
  const sink = await startSink({ directory: root, expect: n, chunking: true, port, save });
  try {
    const accepted = await daemon.post(owner, list, postText(owner, list));
    const { t_last: last } = await sink.ended(patienceMs(n));
    return n / (last - accepted);
  } finally {
    await sink.stop().catch(() => {});
  }
}

// Not a number where the sink cannot save any.
async function badCopies(root: string, records: Readonly<Record<string, string>>): Promise<number> {
  if ('reason' in build('sink')) return NaN;
  const directory = join(root, 'saved');
  const names = await readdir(directory);
  let bad = looked - names.length;
  for (const name of names) {
    const saved = (await readFile(join(directory, name), 'latin1')).replace(/^(?:X-Sink-.*\r\n)+/, '');
    const message = Buffer.from(saved.replace(/^\.\./gm, '.'), 'latin1');
    if (String(await signaturesOf(message, domain, records)) !== 'pass') bad++;
  }
  return bad;
}

/** Signatures a second of `openssl speed` with all cores; not a number where there is no openssl. */
function opensslRate(name: string, seconds: number): number {
  const words = ['speed', '-seconds', String(seconds), '-multi', String(availableParallelism()), name];
  const { stdout } = spawnSync('openssl', words, { encoding: 'utf8' });
  // `rsa 2048 bits 0.000125s 0.000021s 7996.0 48595.0`: signatures, then verifications a second.
  return Number(/s +([\d.]+) +[\d.]+\s*$/.exec(stdout ?? '')?.[1] ?? NaN);
}
