// Loaded by `npm test` before anything else: each file of tests is a process of its own, and what all of them load is compiled once. Beside
// the cache of `bin/ezlm`, which says why there. Coverage needs code that was compiled anew.
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

const directory = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'ezlm');
if (!process.env['NODE_V8_COVERAGE']) {
  enableCompileCache(directory);
  // For their threads, and for the programs that they start.
  process.env['NODE_COMPILE_CACHE'] ??= directory;
}
