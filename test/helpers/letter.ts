import type { PeerCopy } from './peer.ts';

/** A small mail as a person's program writes it. */
export function letter(from: string, to: string, subject: string, fields: readonly string[] = []): string {
  const id = `Message-ID: <${subject.replaceAll(/[^A-Za-z0-9]+/g, '.')}.${from}>`;
  const date = 'Date: Mon, 3 Aug 2026 10:00:00 +0000';
  const header = [`From: ${from}`, `To: ${to}`, `Subject: ${subject}`, date, id, ...fields];
  return [...header, '', `This is ${subject}.`, ''].join('\r\n');
}

/** The value of a header field (one line), or undefined. */
export function fieldOf({ message }: Pick<PeerCopy, 'message'>, name: string): string | undefined {
  const header = message.slice(0, message.indexOf('\r\n\r\n')).replaceAll(/\r\n[ \t]+/g, ' ');
  const line = header.split('\r\n').find((one) => one.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line?.slice(name.length + 1).trim();
}

/** The bare address where a simple reply goes. */
export function replyAddress(copy: Pick<PeerCopy, 'message'>): string {
  const value = fieldOf(copy, 'Reply-To') ?? fieldOf(copy, 'From') ?? '';
  return /<([^>]+)>/.exec(value)?.[1] ?? value;
}
