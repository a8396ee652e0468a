/** An address that a notice says something of. */
export interface Mentioned {
  readonly address: string;
  /** What it says: the lines that belong to it. */
  readonly text: string;
}

const addressText = `[^\\s\\x00-\\x1f\\x7f<>()\\[\\]"',;:\`{}|=@]{1,128}@(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\\.){0,8}[a-z0-9-]{2,63}`;
/** Between angle brackets a local part may have marks that else end it. */
const angleAddress = `(?<=<)[^\\s\\x00-\\x1f\\x7f<>@"]{1,128}@(?:[a-z0-9_-]{1,63}\\.){0,8}[a-z0-9-]{2,63}(?=>)`;
const quotedLocal = `"[^"\\x00-\\x1f\\x7f]{1,64}"@(?:[a-z0-9](?:[a-z0-9-]{0,62})\\.){1,8}[a-z]{2,63}`;
/** The line begins with the address: what most hosts write. */
const atStart = new RegExp(
  `^[ \\t]{0,40}(?:>>>|<<<|\\*|-|\\d{1,3}[.)])?[ \\t]{0,4}(?:[45]\\d\\d[ -](?:[45]\\.\\d{1,3}\\.\\d{1,3}[ ])?)?[ \\t]{0,4}["'<(\\[]{0,3}(?:mailto:|smtp:|rfc822;)?(${angleAddress}|${addressText}|${quotedLocal})[>\\]"')]{0,3}(.*)$`,
  'i',
);
/** It stands behind words that say that mail did not get there. */
const phrases: readonly RegExp[] = [
  `(?:deliver(?:ed|ing|y)?|undeliverable|reach(?:ed)?|sen[dt]|sending|mail(?:ing)?|message|fail(?:ed|ure|s)?|bounced?|rejected|returned|error)\\b[^<@\\n]{0,80}?(?:\\bto\\b|\\bfor\\b|\\bby\\b|:)[ \\t]*(?:the[ \\t]+)?(?:address|recipient|user|mailbox)?[ \\t]*:?[ \\t]*["'<(\\[]{0,3}`,
  `(?:recipient|address|user|mailbox|account|utilisateur|empf.nger|destinat[a-z]+)[^<@\\n]{0,40}?[ \\t:<("'\\[]{1,3}`,
  `RCPT[ \\t]TO:[ \\t]*<?`,
  `(?:^|[ \\t])(?:to|for):?[ \\t]*["'<(\\[]{0,3}`,
  // In whatever language.
  ``,
].map((before) => new RegExp(`${before}(?:mailto:|smtp:|rfc822;)?(${addressText})`, 'i'));

const mentionedMost = 100;
const linesMost = 2_000;
const blockLinesMost = 30;

/**
 * Finds the recipients that a host speaks of in its own words. `others`: addresses that have another part in it (the writer, the host), which are
 * taken only when nobody else is left.
 */
export function mentionedIn(notice: string, others: ReadonlySet<string>): Mentioned[] {
  const lines = notice.split('\n', linesMost).map((line) => line.slice(0, 1_000));
  const isOther = (address: string): boolean =>
    others.has(address.toLowerCase()) || /^(?:mailer-daemon|postmaster)@/i.test(address);
  const strong = startingLines(lines);
  const some = strong.filter(({ address }) => !isOther(address));
  if (some.length > 0) return unique(some);
  // Without runs of blanks, over which a pattern would go again and again.
  const flat = lines.map((line) => (line.includes('@') ? line.replace(/[ \t]+/g, ' ') : ''));
  for (const phrase of phrases) {
    const found = flat.flatMap((line, at) => {
      const address = line === '' ? undefined : phrase.exec(line)?.[1];
      return address === undefined || isOther(address) || isField(line)
        ? []
        : [{ address: tidy(address), text: blockFrom(lines, at) }];
    });
    if (found.length > 0) return unique(found);
  }
  return unique(strong);
}

// Most lines have none, and none of them is worth the blanks before it.
function startOf(line: string): RegExpExecArray | null {
  return line.includes('@') ? atStart.exec(line.trimStart()) : null;
}

function startingLines(lines: readonly string[]): Mentioned[] {
  const found: Mentioned[] = [];
  for (let at = 0; at < lines.length && found.length < mentionedMost; at++) {
    const [, address, rest] = startOf(lines[at]!) ?? [];
    if (address === undefined || isProse(rest ?? '') || asksToWrite(lines, at)) continue;
    found.push({ address: tidy(address), text: blockFrom(lines, at) });
  }
  return found;
}

// `bob@x.example writes that …` is a sentence about somebody.
function isProse(rest: string): boolean {
  return /^[ \t]+(?:wrote|writes|says|has (?:sent|invited))\b/i.test(rest);
}

// An address below `for help write to:` is nobody's who was not reached.
function asksToWrite(lines: readonly string[], at: number): boolean {
  const before = lines[at - 1]?.trim() || lines[at - 2]?.trim() || '';
  return /(?:contact|write to|help|questions?|assistance|support)\b[^@]{0,60}:$/i.test(before.slice(-200));
}

// The line and those that belong to it: up to an empty line that more than an address stands before, or the next address.
function blockFrom(lines: readonly string[], at: number): string {
  const block = [lines[at]!];
  let hasWords = (startOf(lines[at]!)?.[2] ?? lines[at]!).replace(/[\s:;,.>)\]"']+/g, '') !== '';
  const isReply = replyLine.test(lines[at]!);
  for (let next = at + 1; next < lines.length && block.length < blockLinesMost; next++) {
    const line = lines[next]!;
    if (isReply && replyLine.test(line)) break;
    if (line.trim() === '') {
      if (hasWords) break;
      continue;
    }
    if (startOf(line)) break;
    hasWords = true;
    block.push(line);
  }
  return block.join('\n');
}

/** In a transcript every line is about somebody or something of its own. */
const replyLine = /^(?:<<< )?[45]\d\d /;

function isField(line: string): boolean {
  return /^[ \t>]*(?:from|cc|bcc|message-id|date|subject|reply-to|sender|received|return-path|x-[a-z-]+|in-reply-to|references|envelope-from|mail from)[ \t]*:/i.test(
    line,
  );
}

function tidy(address: string): string {
  return address.replace(/[.,;:>)\]]+$/, '');
}

function unique(some: readonly Mentioned[]): Mentioned[] {
  const by = new Map<string, Mentioned>();
  for (const one of some.slice(0, mentionedMost)) {
    const key = one.address.toLowerCase();
    const known = by.get(key);
    by.set(key, known ? { address: known.address, text: `${known.text}\n${one.text}` } : one);
  }
  return [...by.values()];
}
