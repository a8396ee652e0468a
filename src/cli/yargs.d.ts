// yargs 18 ships no types for Node; this is the part of it that parse.ts uses.
declare module 'yargs' {
  interface Given {
    readonly _: readonly (string | number)[];
    readonly [name: string]: unknown;
  }
  interface Described {
    type: 'string' | 'boolean';
    describe: string;
    array?: boolean;
    alias?: string;
    choices?: readonly string[];
  }
  interface Yargs {
    scriptName(name: string): Yargs;
    usage(text: string): Yargs;
    epilogue(text: string): Yargs;
    example(rows: readonly (readonly [string, string])[]): Yargs;
    command(usage: string, meaning: string, builder: (y: Yargs) => Yargs, run: () => void): Yargs;
    positional(name: string, row: Described): Yargs;
    option(name: string, row: Described): Yargs;
    locale(name: string): Yargs;
    strict(): Yargs;
    help(): Yargs;
    alias(name: string, letter: string): Yargs;
    version(text: string | false): Yargs;
    wrap(columns: number): Yargs;
    exitProcess(does: boolean): Yargs;
    showHelpOnFail(does: boolean): Yargs;
    demandCommand(least: number, text: string): Yargs;
    parserConfiguration(switches: Readonly<Record<string, boolean>>): Yargs;
    parse(
      words: readonly string[],
      context: Readonly<Record<string, unknown>>,
      then: (error: Error | null | undefined, given: Given, output: string) => void,
    ): unknown;
  }
  export default function yargs(words?: readonly string[]): Yargs;
}
