import { validatingResolver } from '../lib/validating-resolver.ts';
import type { Problem } from './problem.ts';

/** It is signed since 2009, and every name server can reach it. */
const signedDomain = 'org';
/** Milliseconds for an answer; there are three tries. */
const answerMs = 2_000;

/** What is wrong with the setting `dnssecResolver` of a file: that nobody answers there, or that what it answers is not checked. */
export async function* resolverProblems(file: string, place: string): AsyncGenerator<Problem> {
  if (place === '') return;
  const answer = await validatingResolver(place, answerMs).mx(signedDomain);
  if (answer.kind === 'trouble') {
    const text = `dnssecResolver: ${place} does not answer (${answer.cause}), and mail waits until it does: start the name server there, or leave the setting empty`;
    yield { file, line: 0, text };
  } else if (answer.kind === 'missing' || !answer.isSigned) {
    const text = `dnssecResolver: ${place} does not check DNSSEC (it gives no proof for ${signedDomain}), and DANE holds nowhere: switch that on there (unbound has auto-trust-anchor-file), or leave the setting empty`;
    yield { file, line: 0, text };
  }
}
