// Loaded by `npm test`: property tests draw the same values in every run, so that a red run is one that anybody can repeat. `npm run fuzz`
// runs the same tests with fresh values.
import { configureGlobal } from 'fast-check';

configureGlobal({ seed: 20_261_123 });
