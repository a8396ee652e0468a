/** What a trace line tells about how a message came (RFC 5321 §4.4). */
export interface Trace {
  /** The name the client gave; anything may stand in it. */
  readonly helo: string;
  readonly address: string;
  /** Our name. */
  readonly by: string;
  /** RFC 3848: ESMTP, ESMTPS, LMTP, UTF8SMTP … */
  readonly protocol: string;
  readonly id: string;
  readonly at: number;
}

/** Writes a Received field with its line ends. */
export function receivedField(trace: Trace): string {
  const address = trace.address.includes(':') ? `IPv6:${trace.address}` : trace.address;
  return [
    `Received: from ${cleaned(trace.helo)} ([${cleaned(address)}])`,
    `\tby ${cleaned(trace.by)} with ${trace.protocol} id ${trace.id};`,
    `\t${mailDate(trace.at)}`,
    '',
  ].join('\r\n');
}

/** A date as mail has it (RFC 5322 §3.3), in UTC. */
export function mailDate(time: number): string {
  return new Date(time).toUTCString().replace('GMT', '+0000');
}

// The client's words go into a header: only what a name or an address literal needs.
function cleaned(text: string): string {
  return text.replace(/[^A-Za-z0-9.:_[\]-]/g, '?').slice(0, 255) || 'unknown';
}
