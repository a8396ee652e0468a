import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The path of a compiled tool, or why there is none. */
export type Built = { readonly path: string } | { readonly reason: string };

/** Compiles one of the C programs here into `bin/` unless it is there and newer than its source. */
export function build(name: 'sink' | 'blast' | 'steady'): Built {
  const source = here(`./${name}.c`);
  const path = here(`./bin/${name}`);
  if (changed(path) > changed(source)) return { path };
  mkdirSync(here('./bin'), { recursive: true });
  const compiler = spawnSync('cc', ['-O2', '-Wall', '-o', path, source], { encoding: 'utf8' });
  if (compiler.error) return { reason: `no C compiler (${compiler.error.message})` };
  if (compiler.status !== 0)
    return { reason: `cc cannot compile ${name}.c here: ${compiler.stderr.trim().split('\n')[0]}` };
  return { path };
}

function changed(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
