import { type ServerSettings, serverSettingRows } from './config.ts';
import type { SettingRow } from './lib/settings.ts';

/** Names of settings whose values have changed. */
export interface Changed {
  /** Taken over. */
  readonly live: readonly string[];
  /** These need a restart. */
  readonly later: readonly string[];
}

/** Settings that can be replaced while they are in use: whoever reads a value when it is needed sees the new one. */
export class LiveSettings {
  /** Always the same object. */
  readonly values: ServerSettings;

  constructor(values: ServerSettings) {
    this.values = { ...values };
  }

  /** Takes over what may change under way, and says what has changed. */
  replace(next: ServerSettings): Changed {
    const changed = serverSettingRows.filter(
      ({ name }) => !isSame(this.values[name], next[name]),
    ) as readonly SettingRow[];
    const live = changed.filter((row) => row.isLive).map(({ name }) => name as keyof ServerSettings);
    Object.assign(this.values, Object.fromEntries(live.map((name) => [name, next[name]])));
    return { live, later: changed.filter((row) => !row.isLive).map(({ name }) => name) };
  }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
