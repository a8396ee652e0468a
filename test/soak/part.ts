/** What a part of the soak gets to work with. */
export interface SoakContext {
  /** An empty directory of its own, which goes away afterwards. */
  readonly directory: string;
  /** Sizes for a machine that checks every commit. */
  readonly isSmall: boolean;
  /** A number in [0, 1); the same again for the same seed. */
  readonly random: () => number;
  /** One line for the reader. */
  readonly say: (line: string) => void;
  /** Says whether something that must hold did; the soak fails when one did not. */
  readonly claim: (holds: boolean, what: string) => void;
}

/** One promise put under load. */
export interface SoakPart {
  readonly name: string;
  run(context: SoakContext): Promise<void>;
}
