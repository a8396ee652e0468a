/** A parsed Content-Type (RFC 2045 §5.1). */
export interface ContentType {
  /** `text/plain`, lower case. */
  readonly type: string;
  /** Parameters by lower-case name. */
  readonly parameters: ReadonlyMap<string, string>;
}

const parameter = /;\s*([^\s=;"]{1,100})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]*))/g;

/** Reads a Content-Type value; what is missing or broken is `text/plain` (RFC 2045 §5.2). */
export function parseContentType(value: string | undefined): ContentType {
  const text = (value ?? '').slice(0, 5_000);
  const type = /^\s*([\w!#$&^.+-]+\/[\w!#$&^.+-]+)/.exec(text)?.[1]?.toLowerCase() ?? 'text/plain';
  const parameters = new Map<string, string>();
  for (const [, name, quoted, plain] of text.matchAll(parameter)) {
    if (!parameters.has(name!.toLowerCase()))
      parameters.set(name!.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '');
  }
  return { type, parameters };
}
