/**
 * Why something could not be done, as a value. One place turns failures into replies (`smtp/reply.ts`); where it is not
 * sure whether trouble will pass, it is temporary.
 */
export interface Failure {
  /** True when trying again later makes sense. */
  readonly temporary: boolean;
  /** Enhanced status code, RFC 3463: `4.3.0`, `5.1.1`; its class digit agrees with `temporary`. */
  readonly status: string;
  /** One line that the other side may read: no path, no secret, no text that somebody else chose. */
  readonly text: string;
  /** What the operator reads in the log; never sent. */
  readonly cause?: string;
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export const success = <T>(value: T): Result<T> => Object.freeze({ ok: true, value });

export const failed = (failure: Failure): { readonly ok: false; readonly failure: Failure } =>
  Object.freeze({ ok: false, failure });

/** A failure that may pass: `status` begins with `4.`. */
export function temporary(status: `4.${string}`, text: string, cause?: string): Failure {
  return Object.freeze({ temporary: true, status, text, ...(cause === undefined ? {} : { cause }) });
}

/** A failure that will not pass: `status` begins with `5.`. */
export function permanent(status: `5.${string}`, text: string, cause?: string): Failure {
  return Object.freeze({ temporary: false, status, text, ...(cause === undefined ? {} : { cause }) });
}
