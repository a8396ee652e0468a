import type { List } from '../list/list.ts';
import type { ListSettings } from '../list/settings.ts';
import type { Address } from '../mail/address.ts';
import type { Header } from '../mail/header.ts';
import type { Entry } from '../queue/store.ts';
import type { CommandTools } from './tools.ts';

/** One mail that a list is to answer. */
export interface Given {
  readonly entry: Entry;
  readonly header: Header;
  readonly list: List;
  readonly settings: ListSettings;
  /** The person behind the envelope sender; nothing proves that they wrote. */
  readonly sender: Address;
  readonly tools: CommandTools;
}
