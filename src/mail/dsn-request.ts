import { failed, permanent, type Result, success } from './failure.ts';

/** An event that a sender may ask to be told of (RFC 3461 §4.1). */
export type DsnEvent = 'success' | 'failure' | 'delay';

/** What a sender asked about the notifications of a whole message. Frozen. */
interface DsnOfMessage {
  /** How much of the message a notification of failure returns; without it we choose. */
  readonly returns?: 'full' | 'headers';
  /** The sender's name for this transaction, decoded: what `Original-Envelope-Id` shows. */
  readonly envelopeId?: string;
}

/** What a sender asked about the notifications of one recipient. Frozen. */
interface DsnOfRecipient {
  /** Empty: never. Absent: nothing was said, which means failures, and delays if we like. */
  readonly notify?: readonly DsnEvent[];
  /** Whom the sender had written to, `type` in lower case and `address` decoded: what `Original-Recipient` shows. */
  readonly originalRecipient?: { readonly type: string; readonly address: string };
}

/** What a sender asked about the notifications of one message to one recipient (RFC 3461). Frozen. */
export type DsnRequest = DsnOfMessage & DsnOfRecipient;

/** The parameters of MAIL or RCPT by their names in capitals, values as they came. */
export type PathParameters = ReadonlyMap<string, string>;

/** Octets of ENVID and of ORCPT as they came: RFC 3461 §4.4 and §4.2. */
const envelopeIdMost = 100;
const originalRecipientMost = 500;
const events: readonly string[] = ['success', 'failure', 'delay'] satisfies DsnEvent[];

/** Reads RET and ENVID; what is malformed is `5.5.4`, to be answered 501 (RFC 3461 §4). */
export function readDsnOfMessage(parameters: PathParameters): Result<DsnOfMessage> {
  const ret = parameters.get('RET')?.toLowerCase();
  if (ret !== undefined && ret !== 'full' && ret !== 'hdrs') return malformed('RET must be FULL or HDRS');
  const envid = parameters.get('ENVID');
  const envelopeId = envid === undefined ? undefined : decodedText(envid, envelopeIdMost);
  if (envid !== undefined && envelopeId === undefined) return malformed('ENVID must be xtext of at most 100 octets');
  return success(
    Object.freeze({
      ...(ret === undefined ? {} : { returns: ret === 'full' ? 'full' : 'headers' }),
      ...(envelopeId === undefined ? {} : { envelopeId }),
    }),
  );
}

/** Reads NOTIFY and ORCPT; what is malformed is `5.5.4`, to be answered 501 (RFC 3461 §4). */
export function readDsnOfRecipient(parameters: PathParameters): Result<DsnOfRecipient> {
  const [words, orcpt] = [parameters.get('NOTIFY'), parameters.get('ORCPT')];
  const notify = words === undefined ? undefined : notifyOf(words);
  if (words !== undefined && !notify) return malformed('NOTIFY must be NEVER or some of SUCCESS,FAILURE,DELAY');
  const originalRecipient = orcpt === undefined ? undefined : originalOf(orcpt);
  if (orcpt !== undefined && !originalRecipient) return malformed('ORCPT must be TYPE;ADDRESS, the address as xtext');
  return success(Object.freeze({ ...(notify ? { notify } : {}), ...(originalRecipient ? { originalRecipient } : {}) }));
}

/** Writes RET and ENVID for a peer that announces DSN, each with a blank before it; nothing that was not asked (RFC 3461 §5.2.1). */
export function mailParameters({ returns, envelopeId }: DsnRequest): string {
  const ret = returns === undefined ? '' : ` RET=${returns === 'full' ? 'FULL' : 'HDRS'}`;
  return envelopeId === undefined ? ret : `${ret} ENVID=${xtextOf(envelopeId)}`;
}

/** The same for NOTIFY and ORCPT. */
export function rcptParameters({ notify, originalRecipient }: DsnRequest): string {
  const words = notify?.length === 0 ? 'NEVER' : notify?.join(',').toUpperCase();
  const told = words === undefined ? '' : ` NOTIFY=${words}`;
  if (!originalRecipient) return told;
  return `${told} ORCPT=${originalRecipient.type};${xtextOf(originalRecipient.address)}`;
}

/** Writes a text as xtext (RFC 3461 §4). */
export function xtextOf(text: string): string {
  return text.replace(/[^!-*,-<>-~]/g, (one) => {
    const octets = [...Buffer.from(one)];
    return octets.map((octet) => `+${octet.toString(16).toUpperCase().padStart(2, '0')}`).join('');
  });
}

function notifyOf(text: string): readonly DsnEvent[] | undefined {
  const words = text.toLowerCase().split(',');
  if (words.length === 1 && words[0] === 'never') return Object.freeze([]);
  if (!words.every((word) => events.includes(word))) return undefined;
  return Object.freeze([...new Set(words)] as DsnEvent[]);
}

function originalOf(text: string): DsnRequest['originalRecipient'] {
  // RFC 3461 §4.2: addr-type is an atom.
  const found = /^([a-z0-9!#$%&'*+/=?^_`{|}~-]+);(.+)$/i.exec(text);
  const address = found ? decodedText(found[2]!, originalRecipientMost - found[1]!.length) : undefined;
  return address === undefined ? undefined : Object.freeze({ type: found![1]!.toLowerCase(), address });
}

// RFC 3461 §4: hex digits in capitals, and §4.4: what comes out is printable, so that a header field can show it.
function decodedText(text: string, most: number): string | undefined {
  if (text.length > most || !/^(?:[!-*,-<>-~]|\+[0-9A-F]{2})+$/.test(text)) return undefined;
  const decoded = text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return /^[ -~]+$/.test(decoded) ? decoded : undefined;
}

function malformed(text: string): Result<never> {
  return failed(permanent('5.5.4', text));
}
