import MailComposer from 'nodemailer/lib/mail-composer';
import { headerField } from './words.ts';

/** A mail that we write. Texts may hold anything; what goes into the header is checked here. */
export interface Composed {
  readonly from: string;
  /** The display name beside `from`. */
  readonly fromName?: string;
  readonly to: string;
  readonly replyTo?: string;
  readonly subject: string;
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly date: number;
  /** Without the brackets. */
  readonly messageId: string;
  /** With the brackets, as the other mail had it. */
  readonly inReplyTo?: string;
  /** RFC 3834 §5: `auto-replied` to a mail, `auto-generated` where nobody wrote. */
  readonly auto: 'auto-replied' | 'auto-generated';
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Whole messages that go with it (message/rfc822). */
  readonly enclosed?: readonly { readonly name: string; readonly message: Buffer }[];
}

/** Octets of a header value that we write: RFC 5322 §2.1.1 has 998 for a line. */
const valueOctetsMost = 998;

/** Writes a mail of ours as octets with CRLF line ends. Rejects when a header value holds a line end, a NUL or too much: our bug. */
export async function composeMail(mail: Composed): Promise<Buffer> {
  const { from, fromName = '', to, replyTo, subject, messageId, inReplyTo } = mail;
  for (const value of [from, fromName, subject, messageId, inReplyTo ?? '']) checkValue(value);
  const composer = new MailComposer({
    from: { name: fromName, address: from },
    subject,
    text: wellFormed(mail.text),
    messageId: `<${messageId}>`,
    ...(inReplyTo === undefined ? {} : { inReplyTo, references: inReplyTo }),
    date: new Date(mail.date),
    attachments: (mail.enclosed ?? []).map(({ name, message }) => ({
      filename: name,
      content: message,
      contentType: 'message/rfc822',
      contentDisposition: 'attachment' as const,
    })),
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  // The package takes < and > out of quoted local parts, so addresses of others are written here.
  const fields = [
    headerLine('To', `<${to}>`),
    ...(replyTo === undefined ? [] : [headerLine('Reply-To', `<${replyTo}>`)]),
    headerLine('Auto-Submitted', mail.auto),
    ...mail.headers.map(([name, value]) => foldedLine(name, value)),
  ];
  return Buffer.concat([Buffer.from(fields.join('')), await composer.compile().build()]);
}

function foldedLine(name: string, value: string): string {
  checkValue(value);
  return headerField(name, value);
}

// Not folded: a blank in a quoted local part is no place to break.
function headerLine(name: string, value: string): string {
  checkValue(value);
  return `${name}: ${value}\r\n`;
}

function checkValue(value: string): void {
  if (/[\u0000-\u001f\u007f]/.test(value) || Buffer.byteLength(value) > valueOctetsMost) {
    throw new Error('a header value of our own mail that cannot be written');
  }
}

// A CR alone, or a NUL, is refused by every server that we know (RFC 5321 §2.3.8).
function wellFormed(text: string): string {
  return text.replace(/\r\n?/g, '\n').replaceAll('\0', '');
}
