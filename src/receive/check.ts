import { parseHeader } from '../mail/header.ts';
import { type Failure, permanent } from '../mail/failure.ts';
import { hasBareLineEnd } from '../smtp/data.ts';

/**
 * Octets of one line of a message. RFC 5321 §4.5.3.1.6 asks for 1,000; real mail has longer ones, and passing them on harms nobody,
 * but a line without end is an attack on whoever reads lines.
 */
const lineOctetsMost = 65_536;

/** Header fields of one message: a thousand is far above what mail has. */
const fieldsMost = 2_000;

/** Why a whole message cannot be taken in, or undefined. `receivedMost`: Received fields at which it is taken to loop. */
export function checkMessage(message: Buffer, receivedMost: number): Failure | undefined {
  if (hasBareLineEnd(message)) return permanent('5.6.0', 'the message has a CR or LF that is not part of a CRLF');
  if (message.includes(0)) return permanent('5.6.0', 'the message has a NUL');
  if (hasLongLine(message)) return permanent('5.6.0', `the message has a line of more than ${lineOctetsMost} octets`);
  const { fields } = parseHeader(message);
  if (fields.length > fieldsMost) return permanent('5.6.0', `the message has more than ${fieldsMost} header fields`);
  const hops = fields.filter((field) => field.name === 'received').length;
  return hops >= receivedMost ? permanent('5.4.6', `the message has ${hops} Received lines: it loops`) : undefined;
}

function hasLongLine(message: Buffer): boolean {
  let from = 0;
  for (let end = message.indexOf(10); end >= 0; end = message.indexOf(10, from)) {
    if (end - from > lineOctetsMost) return true;
    from = end + 1;
  }
  return message.length - from > lineOctetsMost;
}
