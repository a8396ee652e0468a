import { parseHeader } from '../mail/header.ts';
import { type Failure, permanent } from '../mail/failure.ts';
import { hasBareLineEnd } from '../smtp/data.ts';

/**
 * Octets of one line of a message. RFC 5321 §4.5.3.1.6 asks for 1,000; real mail has longer ones, and passing them on harms nobody,
 * but a line without end is an attack on whoever reads lines.
 */
const lineOctetsMost = 65_536;

/** Of the header of one message: far above what mail has (Postfix keeps 100 KiB), and what every stage can look through at once. */
const headerMost = { fields: 2_000, octets: 1_048_576 };

/**
 * RFC 5321 §2.3.8 forbids both. Whoever sends one may be reaching for another reader of line ends, to whom the message ends there and what
 * follows it is a second one (SMTP smuggling): the session ends with the reply, and what came behind is read by nobody.
 */
export const bareLineEnd: Failure = permanent('5.6.0', 'the message has a CR or LF that is not part of a CRLF');

/** Why a whole message cannot be taken in, or undefined. `receivedMost`: Received fields at which it is taken to loop. */
export function checkMessage(message: Buffer, receivedMost: number): Failure | undefined {
  if (hasBareLineEnd(message)) return bareLineEnd;
  if (message.includes(0)) return permanent('5.6.0', 'the message has a NUL');
  if (hasLongLine(message)) return permanent('5.6.0', `the message has a line of more than ${lineOctetsMost} octets`);
  const { fields, bodyStart } = parseHeader(message, headerMost);
  if (fields.length > headerMost.fields)
    return permanent('5.6.0', `the message has more than ${headerMost.fields} header fields`);
  if (bodyStart > headerMost.octets)
    return permanent('5.6.0', `the header of the message has more than ${headerMost.octets} octets`);
  const hops = fields.filter((field) => field.name === 'received').length;
  return hops >= receivedMost ? permanent('5.4.6', `the message has ${hops} Received lines: it loops`) : undefined;
}

function hasLongLine(message: Buffer): boolean {
  let from = 0;
  while (message.length - from > lineOctetsMost) {
    const end = message.lastIndexOf(10, from + lineOctetsMost);
    if (end < from) return true;
    from = end + 1;
  }
  return false;
}
