import { type DsnRequest, mailParameters, rcptParameters } from '../mail/dsn-request.ts';
import type { Capabilities } from '../smtp/capabilities.ts';
import type { WireMessage } from '../smtp/data.ts';
import { octetsOfHead } from './copy-heads.ts';
import type { Delivery } from './delivery.ts';
import type { Outbox } from './outbox.ts';

const lineEnd = /[\r\n\0]/;

/** `MAIL FROM` with the parameters that the peer understands, with its line end (RFC 5321 §4.1.1.2, RFC 1870, RFC 6152, RFC 6531). */
export function putMail(outbox: Outbox, delivery: Delivery, capabilities: Capabilities): void {
  const { eightBit, utf8, hasSize } = capabilities;
  const { envelope } = delivery;
  const message = formFor(delivery, capabilities);
  outbox.ascii('MAIL FROM:<');
  if (envelope) outbox.sender(envelope);
  else outbox.text(delivery.sender);
  outbox.ascii('>');
  if (hasSize) {
    outbox.ascii(' SIZE=');
    outbox.number(octetsOf(delivery, message.size));
  }
  if (eightBit && message.hasEightBit) outbox.ascii(' BODY=8BITMIME');
  if (utf8 && needsUtf8(delivery)) outbox.ascii(' SMTPUTF8');
  const asked = requestFor(delivery, capabilities);
  if (asked) outbox.text(mailParameters(asked));
  outbox.ascii('\r\n');
}

/** `RCPT TO` with its line end, and what a peer with DSN is asked (RFC 5321 §4.1.1.3, RFC 3461 §5.2.1). */
export function putRcpt(outbox: Outbox, delivery: Delivery, capabilities: Capabilities): void {
  const { envelope } = delivery;
  outbox.ascii('RCPT TO:<');
  if (envelope) outbox.recipient(envelope);
  else outbox.text(delivery.recipient);
  outbox.ascii('>');
  const asked = requestFor(delivery, capabilities);
  if (asked) outbox.text(rcptParameters(asked));
  outbox.ascii('\r\n');
}

/** Both, and the command behind them (RFC 2920). */
export function putEnvelope(outbox: Outbox, delivery: Delivery, capabilities: Capabilities, next: string): void {
  putMail(outbox, delivery, capabilities);
  putRcpt(outbox, delivery, capabilities);
  outbox.ascii(next);
}

/** A whole transaction, with its message as one chunk (RFC 3030). */
export function putWhole(outbox: Outbox, delivery: Delivery, capabilities: Capabilities): void {
  const { raw } = formFor(delivery, capabilities);
  putEnvelope(outbox, delivery, capabilities, 'BDAT ');
  outbox.number(octetsOf(delivery, raw.length));
  outbox.ascii(' LAST\r\n');
  outbox.message(delivery.head, raw);
}

// Of posts nobody asks for news: what becomes of a copy is the list's business.
function requestFor({ job }: Delivery, { dsn }: Capabilities): DsnRequest | undefined {
  return dsn && job.kind === 'mail' ? job.entry.dsn : undefined;
}

/** The form of its message that a peer with these capabilities is sent: without 8BITMIME one in ASCII (RFC 6152 §3). */
export function formFor({ load }: Delivery, { eightBit }: Capabilities): WireMessage {
  const { message } = load;
  return eightBit || !message.hasEightBit ? message : (message.inSevenBit() ?? message);
}

/** Octets of a copy whose message has so many. */
function octetsOf({ head }: Delivery, message: number): number {
  return octetsOfHead(head) + message;
}

/** Why a peer with these capabilities is not even asked: a reply in its stead; undefined: it can be asked, and the copy has its head. */
export function whyNotSendable(delivery: Delivery, capabilities: Capabilities): string | undefined {
  const { size, utf8, eightBit } = capabilities;
  const { message } = delivery.load;
  // Whoever made the address had to see to it; a command is never two (the sink's own check).
  if (!delivery.envelope && (lineEnd.test(delivery.recipient) || lineEnd.test(delivery.sender)))
    return '553 5.1.3 an address holds a line end';
  if (!utf8 && needsUtf8(delivery))
    return '553 5.6.7 the host does not take international addresses or headers (SMTPUTF8)';
  if (!eightBit && message.hasEightBit && !message.inSevenBit())
    return '554 5.6.3 the host takes ASCII only (no 8BITMIME), and the message cannot be converted';
  // RFC 1870 §6.1: a message that is too large for the peer is not offered to it.
  const form = formFor(delivery, capabilities);
  delivery.load.copies?.stampNow(delivery, form);
  const octets = octetsOf(delivery, form.size);
  return size > 0 && octets > size ? `552 5.3.4 the message has ${octets} octets, the host takes ${size}` : undefined;
}

// RFC 6531 §3.4, RFC 6532. A message whose header holds raw octets above ASCII is such a message too.
function needsUtf8({ load, isAscii }: Delivery): boolean {
  return load.message.hasUtf8Header || !isAscii;
}
