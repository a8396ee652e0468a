/** Why a list is changed, for its log and so that a stage that runs twice changes it once. */
export interface Cause {
  /** Id of the queue entry, or a fresh id for a command-line change. Unique with (event, role, address) in the log. */
  readonly id: string;
  /** ezmlm's tag: empty when the member confirmed, `manual`, `mod`, `probe` … */
  readonly tag: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What the log keeps besides, e.g. the From: of the confirming mail. One line. */
  readonly note?: string;
}
