/** RFC 3207 §4 (530), RFC 5248 (x.7.10), RFC 8689 (x.7.30), and how hosts say it. */
const tlsDemand =
  /^5\d\d[ -]+5\.7\.(?:10|30)(?!\d)|^530(?!.{0,200}authenticat)|\bstarttls\b|\btls\b.{0,40}\b(?:required|needed|mandatory)\b|\b(?:requires?|must|needs?)\b.{0,40}\b(?:tls|ssl|encrypted|encryption)\b|\bencryption (?:is )?(?:needed|required)\b/i;

/** Whether a refusal asks for TLS: said in clear text, it speaks of the session and not of the recipient. */
export function demandsTls(reply: string): boolean {
  return tlsDemand.test(reply.slice(0, 1_000));
}

/** Between the replies that go on and those that refuse; RFC 5321 §4.2.1 knows it for DATA alone. */
export function isStray(code: number): boolean {
  return code >= 300 && code < 400;
}

/** Replies of a host that does not know a command (RFC 5321 §4.2.4, §4.3.2). */
export function isUnknownCommand(code: number): boolean {
  return code >= 500 && code <= 504;
}
