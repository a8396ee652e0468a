import { listEngine } from './list/engine.ts';
import { serverEngine } from './list/server-engine.ts';
import { outcomeEngine } from './queue/outcome-engine.ts';
import { queueEngine } from './queue/queue-engine.ts';

/** Every kind of database, by the name that stores ask for; storage threads import this module. */
export const engines = { queue: queueEngine, outcomes: outcomeEngine, list: listEngine, server: serverEngine };
