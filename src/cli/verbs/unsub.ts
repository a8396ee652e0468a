import type { Call, Ending } from '../door.ts';
import { changeMembers } from '../members.ts';

/** Removes addresses from a list. */
export const run = (call: Call): Promise<Ending> => changeMembers(call, 'remove');
