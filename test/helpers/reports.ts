interface Report {
  readonly action?: string;
  readonly status?: string;
  /** Fields of the outer header. */
  readonly fields?: readonly string[];
  readonly type?: string;
  /** The per-recipient fields instead. */
  readonly recipient?: readonly string[];
}

/** A delivery report as Postfix writes it (RFC 3464). */
export function reportOf({ action = 'failed', status = '5.1.1', fields = [], type, recipient }: Report = {}): string {
  const about = recipient ?? [
    'Final-Recipient: rfc822; ann@example.net',
    `Action: ${action}`,
    `Status: ${status}`,
    'Diagnostic-Code: smtp; 550 5.1.1 <ann@example.net>:',
    '    nobody here',
  ];
  return [
    'From: MAILER-DAEMON@mx.example.net (Mail Delivery System)',
    'Subject: Undelivered Mail Returned to Sender',
    ...fields,
    'MIME-Version: 1.0',
    `Content-Type: ${type ?? 'multipart/report; report-type=delivery-status; boundary="b/1"'}`,
    '',
    '--b/1',
    'Content-Type: text/plain',
    '',
    'I could not deliver it.',
    '--b/1',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.example.net',
    '',
    ...about,
    '',
    '--b/1',
    'Content-Type: message/rfc822',
    '',
    'From: somebody@example.org',
    'Action: delayed',
    '',
    'Status: 4.0.0',
    '--b/1--',
    '',
  ].join('\r\n');
}

/** A mail in nobody's form. */
export function plainBounce({
  from = 'MAILER-DAEMON@mx.example.net',
  subject = 'failure notice',
  fields = [],
  lines = ['I am away.'],
}: {
  readonly from?: string;
  readonly subject?: string;
  readonly fields?: readonly string[];
  readonly lines?: readonly string[];
}): string {
  return [`From: ${from}`, `Subject: ${subject}`, ...fields, '', ...lines, ''].join('\r\n');
}
