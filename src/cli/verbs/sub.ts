import type { Call, Ending } from '../door.ts';
import { changeMembers } from '../members.ts';

/** Adds addresses to a list. */
export const run = (call: Call): Promise<Ending> => changeMembers(call, 'add');
