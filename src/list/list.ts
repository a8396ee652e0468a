import type { CopyMac } from '../mail/copy-mac.ts';
import type { VerpMac } from '../mail/verp.ts';
import type { ListName } from './name.ts';
import type { ListSettings } from './settings.ts';
import type { ListStore } from './store.ts';
import type { Suppressions } from './suppressions.ts';

/** The secrets of a list, from its `key` file: the first signs, all verify. */
export interface Keys {
  /** The MAC of VERP addresses, by the signing key. */
  readonly verpMac: VerpMac;
  /** The same for the copies of one post. */
  copyMac(number: number): CopyMac;
  verpMatches(number: number, canonical: string, mac: string): boolean;
  /** HMAC-SHA-256 of `parts` under the signing key, cut to 80 bits: 16 base32 characters. No two lists of parts collide. */
  tokenMac(parts: readonly string[]): string;
  /** Constant time, any of the keys. */
  tokenMatches(parts: readonly string[], mac: string): boolean;
}

/** The posts of a list as received, one file each, in ezmlm's layout: post 15307 is `archive/153/07`. */
export interface Archive {
  /** Writes a post durably before its number is given; an orphan of a crash under that number is replaced. */
  write(number: number, message: Uint8Array): Promise<void>;
  read(number: number): Promise<Buffer | undefined>;
}

/** A list directory (promise P4), as the stages and doors see it. */
export interface List {
  readonly name: ListName;
  readonly directory: string;
  readonly store: ListStore;
  readonly archive: Archive;
  /** Who gets no mail of this list. */
  readonly suppressions: Suppressions;
  /** Today's settings: `list.json` is read again when it has changed; while it has a mistake, the last good ones go on. */
  settings(): Promise<ListSettings>;
  keys(): Promise<Keys>;
}
