import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type Call, lastNumber } from './trace.ts';

/** A change of a file that has not been synced. */
type Change = { readonly kind: 'write'; readonly at: number; readonly octets: Buffer; readonly ended: number } | Cut;
interface Cut {
  readonly kind: 'cut';
  readonly length: number;
  readonly ended: number;
}

interface FileNode {
  readonly kept: Octets;
  pending: Change[];
  /** Where the next `write` without an offset goes. */
  position: number;
}

/** A change of names in a directory that has not been synced: what stands under `path` afterwards, and what no longer stands there. */
interface Naming {
  readonly path: string;
  readonly node: FileNode | 'directory' | undefined;
  readonly gone?: string;
  readonly ended: number;
}

/** What a power cut leaves of that which was not synced. `nothing`, or each sector of it by chance: dropped, torn, out of order. */
export type Remains = 'nothing' | 'some';

const sectorOctets = 512;

/**
 * The files of a directory as a disk keeps them, from recorded calls. It is as strict as POSIX allows: what was written is there only after
 * an fsync of the file, and a name only after an fsync of its directory. Names of one directory reach the disk in their order, as on every
 * journalling file system; nothing else has an order. Memory that is mapped (`-shm` of SQLite) is not seen, and what it holds does not count.
 */
export class Disk {
  readonly #root: string;
  /** What programs see, and what a power cut would leave. */
  readonly #seen = new Map<string, FileNode | 'directory'>();
  readonly #kept = new Map<string, FileNode | 'directory'>();
  readonly #namings = new Map<string, Naming[]>();

  /** Starts with what lies in `snapshot`, all of it synced; calls are about `root`. */
  constructor(snapshot: string, root: string) {
    this.#root = root;
    for (const name of readdirSync(snapshot, { recursive: true, encoding: 'utf8' })) {
      const path = join(snapshot, name);
      const found = statSync(path);
      if (found.isDirectory()) this.#put(name, 'directory');
      else if (found.isFile()) this.#put(name, { kept: new Octets(readFileSync(path)), pending: [], position: 0 });
    }
  }

  /** Follows the calls that began before a line of the trace; what had not ended by then is under way. */
  follow(calls: readonly Call[], line: number): void {
    for (const call of calls) if (call.began < line && call.result >= 0) this.#follow(call, line);
  }

  /** Writes what a power cut leaves into a new directory. */
  leave(directory: string, remains: Remains, random: () => number): void {
    const names = this.#names(remains, random);
    mkdirSync(directory, { recursive: true });
    const isThere = (path: string): boolean =>
      path === '.' || (names.get(path) === 'directory' && isThere(dirname(path)));
    for (const [path, node] of [...names].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      if (!isThere(dirname(path))) continue;
      if (node === 'directory') mkdirSync(join(directory, path));
      else writeFileSync(join(directory, path), path.endsWith('-shm') ? noise(random) : content(node, remains, random));
    }
  }

  #put(path: string, node: FileNode | 'directory'): void {
    this.#seen.set(path, node);
    this.#kept.set(path, node);
  }

  #follow(call: Call, line: number): void {
    switch (call.name) {
      case 'openat':
        return this.#open(call);
      case 'mkdir':
        return this.#name(call, this.#path(call.strings[0]), 'directory');
      case 'rename':
        return this.#rename(call);
      case 'unlink':
        return this.#unlink(call);
      case 'write':
      case 'pwrite64':
      case 'writev':
      case 'pwritev':
        return this.#write(call);
      case 'ftruncate':
        return this.#change(call, { kind: 'cut', length: lastNumber(call), ended: call.ended });
      case 'fsync':
      case 'fdatasync':
        // One that had not ended promises nothing.
        return call.ended < line && call.result === 0 ? this.#sync(call) : undefined;
      default:
        return undefined;
    }
  }

  // Relative to the root, or undefined when it lies elsewhere.
  #path(text: Buffer | string | undefined): string | undefined {
    const path = String(text ?? '');
    return path === this.#root ? '.' : path.startsWith(`${this.#root}/`) ? relative(this.#root, path) : undefined;
  }

  #open(call: Call): void {
    const path = this.#path(call.strings[0]);
    if (path === undefined || !call.words.includes('O_CREAT')) return;
    const known = this.#seen.get(path);
    if (known === undefined) this.#name(call, path, { kept: new Octets(Buffer.alloc(0)), pending: [], position: 0 });
    else if (known !== 'directory' && call.words.includes('O_TRUNC')) {
      known.pending.push({ kind: 'cut', length: 0, ended: call.ended });
      known.position = 0;
    }
  }

  #name(call: Call, path: string | undefined, node: FileNode | 'directory'): void {
    if (path === undefined || path === '.') return;
    this.#seen.set(path, node);
    this.#pending({ path, node, ended: call.ended });
  }

  #rename(call: Call): void {
    const [from, to] = call.strings.map((text) => this.#path(text));
    const node = from === undefined ? undefined : this.#seen.get(from);
    if (from === undefined || to === undefined || node === undefined) return;
    this.#seen.delete(from);
    this.#seen.set(to, node);
    this.#pending({ path: to, node, gone: from, ended: call.ended });
  }

  #unlink(call: Call): void {
    const path = this.#path(call.strings[0]);
    if (path === undefined || !this.#seen.delete(path)) return;
    this.#pending({ path, node: undefined, ended: call.ended });
  }

  #pending(naming: Naming): void {
    const directory = dirname(naming.path);
    const known = this.#namings.get(directory);
    if (known) known.push(naming);
    else this.#namings.set(directory, [naming]);
  }

  #write(call: Call): void {
    const node = this.#file(call.on);
    if (!node) return;
    const octets = Buffer.concat(call.strings).subarray(0, call.result);
    const at = call.name.startsWith('p') ? lastNumber(call) : node.position;
    if (!call.name.startsWith('p')) node.position += octets.length;
    node.pending.push({ kind: 'write', at, octets, ended: call.ended });
  }

  #change(call: Call, change: Change): void {
    this.#file(call.on)?.pending.push(change);
  }

  #file(on: string): FileNode | undefined {
    const path = this.#path(on);
    const node = path === undefined ? undefined : this.#seen.get(path);
    return node === 'directory' ? undefined : node;
  }

  #sync(call: Call): void {
    const path = this.#path(call.on);
    if (path === undefined) return;
    const node = this.#seen.get(path);
    if (node === 'directory' || path === '.') return this.#syncNames(path, call);
    if (!node) return;
    const isDone = (change: Change): boolean => change.ended < call.began;
    for (const change of node.pending) if (isDone(change)) node.kept.apply(change);
    node.pending = node.pending.filter((change) => !isDone(change));
  }

  #syncNames(directory: string, call: Call): void {
    const namings = this.#namings.get(directory) ?? [];
    for (const naming of namings.filter(({ ended }) => ended < call.began)) renamed(this.#kept, naming);
    this.#namings.set(
      directory,
      namings.filter(({ ended }) => ended >= call.began),
    );
  }

  #names(remains: Remains, random: () => number): Map<string, FileNode | 'directory'> {
    const names = new Map(this.#kept);
    if (remains === 'nothing') return names;
    for (const namings of this.#namings.values()) {
      const most = Math.floor(random() * (namings.length + 1));
      for (const naming of namings.slice(0, most)) renamed(names, naming);
    }
    return names;
  }
}

function renamed(names: Map<string, FileNode | 'directory'>, { path, node, gone }: Naming): void {
  if (gone !== undefined) names.delete(gone);
  if (node === undefined) names.delete(path);
  else names.set(path, node);
}

/** The content of a file, which grows in place. */
class Octets {
  #room: Buffer;
  #length: number;

  constructor(octets: Buffer) {
    this.#room = octets;
    this.#length = octets.length;
  }

  get value(): Buffer {
    return this.#room.subarray(0, this.#length);
  }

  apply(change: Change): void {
    if (change.kind === 'cut') {
      this.#resize(change.length);
      return;
    }
    this.#resize(Math.max(this.#length, change.at + change.octets.length));
    change.octets.copy(this.#room, change.at);
  }

  copy(): Octets {
    return new Octets(Buffer.from(this.value));
  }

  // What lies beyond the end reads as zeros when the file grows again.
  #resize(length: number): void {
    if (length > this.#room.length) {
      const room = Buffer.alloc(Math.max(length, 2 * this.#room.length));
      this.value.copy(room);
      this.#room = room;
    } else if (length < this.#length) this.#room.fill(0, length, this.#length);
    this.#length = length;
  }
}

function content({ kept, pending }: FileNode, remains: Remains, random: () => number): Buffer {
  if (remains === 'nothing') return kept.value;
  // Nearly nothing, nearly everything, or something between: each is another crash.
  const share = random();
  const sectors = pending.flatMap((change) => (change.kind === 'cut' ? [change] : split(change)));
  const left = kept.copy();
  for (const change of sectors) if (random() < share) left.apply(change);
  return left.value;
}

function split({ at, octets, ended }: Extract<Change, { kind: 'write' }>): Change[] {
  const parts: Change[] = [];
  for (let from = 0; from < octets.length;) {
    const to = Math.min(octets.length, from + sectorOctets - ((at + from) % sectorOctets));
    parts.push({ kind: 'write', at: at + from, octets: octets.subarray(from, to), ended });
    from = to;
  }
  return parts;
}

// What mapped memory left on the disk is anything.
function noise(random: () => number): Buffer {
  return Buffer.from(Array.from({ length: Math.floor(random() * 32_768) }, () => Math.floor(random() * 256)));
}
