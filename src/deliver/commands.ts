import type { Capabilities } from '../smtp/capabilities.ts';
import type { Delivery } from './delivery.ts';

/** `MAIL FROM` with the parameters that the peer understands, with its line end (RFC 5321 §4.1.1.2, RFC 1870, RFC 6152, RFC 6531). */
export function mailCommand(delivery: Delivery, { eightBit, utf8, hasSize }: Capabilities): string {
  const { sender, load } = delivery;
  const size = hasSize ? ` SIZE=${load.message.size}` : '';
  const body = eightBit && load.message.hasEightBit ? ' BODY=8BITMIME' : '';
  return `MAIL FROM:<${sender}>${size}${body}${utf8 && needsUtf8(delivery) ? ' SMTPUTF8' : ''}\r\n`;
}

/** `RCPT TO` with its line end (RFC 5321 §4.1.1.3). */
export function rcptCommand({ recipient }: Delivery): string {
  return `RCPT TO:<${recipient}>\r\n`;
}

/** Why a peer with these capabilities is not even asked: a reply in its stead; undefined: it can be asked. */
export function whyNotSendable(delivery: Delivery, { size, utf8 }: Capabilities): string | undefined {
  const { message } = delivery.load;
  // RFC 1870 §6.1: a message that is too large for the peer is not offered to it.
  if (size > 0 && message.size > size)
    return `552 5.3.4 the message has ${message.size} octets, the host takes ${size}`;
  if (!utf8 && needsUtf8(delivery))
    return '553 5.6.7 the host does not take international addresses or headers (SMTPUTF8)';
  return undefined;
}

// RFC 6531 §3.4, RFC 6532. A message whose header holds raw octets above ASCII is such a message too.
function needsUtf8({ load, isAscii }: Delivery): boolean {
  return load.message.hasUtf8Header || !isAscii;
}
