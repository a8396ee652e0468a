import { type Header, valueOf } from './header.ts';

/**
 * Why a message was not written by a person for the occasion, or undefined (RFC 3834 §2). Such mail is never answered, and is no post and no
 * confirmation.
 */
export function automaticReason(header: Header): string | undefined {
  const submitted = valueOf(header, 'auto-submitted');
  if (submitted !== undefined && !/^no\b/i.test(submitted)) return 'Auto-Submitted';
  const precedence = valueOf(header, 'precedence');
  if (precedence !== undefined && /^(?:bulk|junk|list|auto_reply)\b/i.test(precedence)) return 'Precedence';
  if (/^multipart\/report\b/i.test(valueOf(header, 'content-type') ?? '')) return 'a report';
  return ['x-autoreply', 'x-autorespond', 'x-amazon-auto-reply'].find((name) =>
    header.fields.some((field) => field.name === name),
  );
}

/**
 * The same, in doubt too: Exchange puts X-Auto-Response-Suppress on vacation messages, and on some people's mail. For deciding whether
 * to answer or to count a bounce, not whether to distribute.
 */
export function likelyAutomaticReason(header: Header): string | undefined {
  const hint = 'x-auto-response-suppress';
  return automaticReason(header) ?? (header.fields.some((field) => field.name === hint) ? hint : undefined);
}

/** The header field by which a message shows that a mailing list sent it, or undefined (RFC 2369, RFC 2919, and older habits). */
export function listReason(header: Header): string | undefined {
  return header.fields.find(({ name }) => /^(?:list-|mailing-list$|x-mailing-list$|x-ml-name$)/.test(name))?.name;
}
