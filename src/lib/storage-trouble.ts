/** Why storage could not do it. `bug` is ours; all others are the machine's and may pass. */
export type TroubleKind = 'full' | 'busy' | 'readonly' | 'io' | 'corrupt' | 'missing' | 'bug';

/** What crosses the thread boundary of an error. */
export interface StorageTrouble {
  readonly kind: TroubleKind;
  readonly message: string;
}

/** Rejections of storage calls are of this class, whatever the cause; `kind` tells what an operator can do. */
export class StorageError extends Error {
  readonly kind: TroubleKind;

  constructor(trouble: StorageTrouble) {
    super(trouble.message);
    this.name = 'StorageError';
    this.kind = trouble.kind;
  }
}

// Primary result codes of SQLite (https://sqlite.org/rescode.html): the low octet of `errcode`.
const kinds: Readonly<Record<number, TroubleKind>> = {
  5: 'busy',
  6: 'busy',
  8: 'readonly',
  10: 'io',
  11: 'corrupt',
  13: 'full',
  14: 'missing',
  26: 'corrupt',
};

/** Reads any thrown thing into what storage reports. */
export function storageTrouble(error: unknown): StorageTrouble {
  if (error instanceof StorageError) return { kind: error.kind, message: error.message };
  const { errcode, message } = error as { errcode?: number; message?: string };
  const kind = errcode === undefined ? 'bug' : (kinds[errcode & 0xff] ?? 'bug');
  return { kind, message: message ?? String(error) };
}
