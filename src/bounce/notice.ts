/**
 * Where the mail that came back begins in a report that is one text. A host that encloses it as a part needs none of this.
 */
const markers: readonly RegExp[] = [
  /^[ \t>]*-{2,}[ \t]*(?:this is a copy|below this line|the (?:body|header)|(?:original|returned|unsent|your|undelivered) m|included is|begin|message header|the header|forwarded|enclosed|header of|start of|transcript of the original|orig)/i,
  /^[ \t]*(?:below (?:is|this line)|here is a copy|included (?:is|below)|original message (?:follows|headers?)|message headers? follow|returned message|the (?:original|unsent) message|your (?:original )?message (?:follows|reads)|a copy of (?:the|your) (?:original )?(?:message|mail)|the header of the original|headers? of (?:the|your) (?:original )?m|copy of (?:the|your) (?:original )?m|message text follows|unsent message|the first \d+ (?:bytes|lines))/i,
  /^[ \t]*-{3,}[ \t]*$/,
  /^[ \t]*={3,}[ \t]*(?:original|returned)/i,
];
/** Fields that begin the header of a mail; two of them in a row are one. */
const headerLine =
  /^(?:Return-Path|Received|Message-I[dD]|Date|From|To|Subject|DKIM-Signature|MIME-Version|Delivered-To|X-[A-Za-z0-9-]+|Content-Type|Reply-To|Sender|ARC-[A-Za-z-]+|Authentication-Results|User-Agent|Envelope-[a-z]+):/;

/** The words of the host, and the mail that it gives back, of a text that holds both. */
export function splitNotice(text: string): { readonly notice: string; readonly returned: string } {
  const lines = text.split('\n');
  const at = lines.findIndex((_, line) => beginsReturned(lines, line));
  if (at < 0) return { notice: text, returned: '' };
  return { notice: lines.slice(0, at).join('\n'), returned: lines.slice(at).join('\n') };
}

function beginsReturned(lines: readonly string[], at: number): boolean {
  const line = lines[at]!;
  if (/^(?:Return-Path|Received):[ \t]/.test(line)) return headerFollows(lines, at, 6);
  if (headerLine.test(line) && at > 0 && lines[at - 1]!.trim() === '') return headerLines(lines, at) >= 3;
  return markers.some((marker) => marker.test(line)) && headerFollows(lines, at + 1, 8);
}

function headerFollows(lines: readonly string[], from: number, within: number): boolean {
  return lines.slice(from, from + within).some((line) => headerLine.test(line));
}

function headerLines(lines: readonly string[], from: number): number {
  let count = 0;
  for (const line of lines.slice(from, from + 20)) {
    if (headerLine.test(line)) count++;
    else if (!/^[ \t]/.test(line)) break;
  }
  return count;
}
