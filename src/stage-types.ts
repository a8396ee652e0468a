import type { WakeUp } from './lib/signal.ts';
import type { List } from './list/list.ts';
import type { Handled } from './queue/handled.ts';
import type { Entry } from './queue/store.ts';
import type { Route } from './route.ts';

type RouteTo<Kind extends Route['kind']> = Extract<Route, { kind: Kind }>;

/** The stages that an arrived message can lead to; `main` joins them. Each may run again after a crash. */
export interface Stages {
  post(entry: Entry, message: Buffer, list: List): Promise<Handled>;
  command(
    entry: Entry,
    message: Buffer,
    route: RouteTo<'command' | 'confirm' | 'confirm-id' | 'leave'>,
    list: List,
  ): Promise<Handled>;
  bounce(entry: Entry, message: Buffer, route: RouteTo<'bounce'>, list: List): Promise<Handled>;
  owner(entry: Entry, message: Buffer, list: List | undefined): Promise<Handled>;
  mailbox(entry: Entry, message: Buffer, route: RouteTo<'mailbox'>): Promise<Handled>;
  /** Cuts a post into chunks; resolves when it is cut or at a stop. */
  fanOut(entry: Entry, list: List, chunkDone: WakeUp, signal: AbortSignal): Promise<'cut' | 'stopped'>;
}
