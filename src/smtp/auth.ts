import { createHmac } from 'node:crypto';

/** The ways to log in that we know (RFC 4616, the LOGIN of old mail programs, RFC 2195, and Google's XOAUTH2), best under TLS first. */
export const mechanisms = ['PLAIN', 'LOGIN', 'CRAM-MD5', 'XOAUTH2'] as const;

export type Mechanism = (typeof mechanisms)[number];

/** What is proved to the host. */
export interface Credentials {
  readonly user: string;
  /** The password; for XOAUTH2 the access token. */
  readonly secret: string;
}

/** Octets of a command line, RFC 5321 §4.5.3.1.4: a longer first answer waits for its 334 (RFC 4954 §4). */
const lineOctetsMost = 510;

/**
 * The best way to log in at a host, or undefined. Without TLS the one that does not say the password comes first; a token is no password,
 * so XOAUTH2 is used only where it was asked for by name.
 */
export function chooseMechanism(
  offered: readonly Mechanism[],
  isSecure: boolean,
  wanted: Mechanism | undefined,
): Mechanism | undefined {
  if (wanted) return offered.includes(wanted) ? wanted : undefined;
  const order: readonly Mechanism[] = isSecure ? ['PLAIN', 'LOGIN', 'CRAM-MD5'] : ['CRAM-MD5', 'PLAIN', 'LOGIN'];
  return order.find((mechanism) => offered.includes(mechanism));
}

/** The command that begins a login, without its line end, and the answers to the 334 replies after it, in their order. */
export function loginDialogue(
  mechanism: Mechanism,
  { user, secret }: Credentials,
): { readonly command: string; readonly answers: readonly ((challenge: string) => string)[] } {
  switch (mechanism) {
    case 'PLAIN':
      return withFirst(mechanism, base64(`\0${user}\0${secret}`));
    case 'XOAUTH2': {
      const first = withFirst(mechanism, base64(`user=${user}\x01auth=Bearer ${secret}\x01\x01`));
      // Google explains a refusal in a 334, which an empty line answers.
      return { ...first, answers: [...first.answers, () => ''] };
    }
    case 'LOGIN':
      return { command: 'AUTH LOGIN', answers: [() => base64(user), () => base64(secret)] };
    case 'CRAM-MD5':
      return { command: 'AUTH CRAM-MD5', answers: [(challenge) => base64(`${user} ${digest(challenge, secret)}`)] };
  }
}

function withFirst(mechanism: Mechanism, first: string): ReturnType<typeof loginDialogue> {
  const command = `AUTH ${mechanism} ${first}`;
  return command.length <= lineOctetsMost
    ? { command, answers: [] }
    : { command: `AUTH ${mechanism}`, answers: [() => first] };
}

function digest(challenge: string, secret: string): string {
  return createHmac('md5', secret).update(Buffer.from(challenge, 'base64')).digest('hex');
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
