import MailComposer from 'nodemailer/lib/mail-composer';
import { mailDate } from './received.ts';

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
}

/** Octets of a header value that we write. */
const valueOctetsMost = 998;

/** Writes a mail of ours as octets with CRLF line ends. Throws when a header value holds a line end, a NUL or too much: our bug. */
export async function composeMail(mail: Composed): Promise<Buffer> {
  const values = [
    mail.from,
    mail.fromName ?? '',
    mail.to,
    mail.replyTo ?? '',
    mail.subject,
    mail.messageId,
    mail.inReplyTo ?? '',
  ];
  for (const value of [...values, ...mail.headers.flat()]) checkValue(value);
  const composer = new MailComposer({
    from: { name: mail.fromName ?? '', address: mail.from },
    to: { name: '', address: mail.to },
    ...(mail.replyTo === undefined ? {} : { replyTo: { name: '', address: mail.replyTo } }),
    subject: mail.subject,
    text: mail.text,
    messageId: `<${mail.messageId}>`,
    ...(mail.inReplyTo === undefined ? {} : { inReplyTo: mail.inReplyTo, references: mail.inReplyTo }),
    headers: [
      { key: 'Date', value: mailDate(mail.date) },
      { key: 'Auto-Submitted', value: mail.auto },
      ...mail.headers.map(([key, value]) => ({ key, value: { prepared: true, foldLines: true, value } })),
    ],
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}

function checkValue(value: string): void {
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(value) || Buffer.byteLength(value) > valueOctetsMost) {
    throw new Error('a header value of our own mail that cannot be written');
  }
}
