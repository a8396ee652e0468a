// The inside of a signing thread.
import { parentPort } from 'node:worker_threads';
import { type CopySigner, copySignerOf } from './mail/dkim-copies.ts';
import type { FromSigning, ToSigning } from './signing-thread.ts';

/** Signers of posts that are kept ready. */
const signersMost = 64;
const signers = new Map<number, CopySigner>();

parentPort?.on('message', ({ batch, id, source, values }: ToSigning) => {
  const signer = signers.get(id) ?? copySignerOf(source);
  signers.set(id, signer);
  if (signers.size > signersMost) signers.delete(signers.keys().next().value!);
  const answer: FromSigning = { batch, texts: values.map((value) => signer.sign(value)) };
  parentPort?.postMessage(answer);
});
