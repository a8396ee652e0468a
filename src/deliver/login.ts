import type { Result } from '../mail/failure.ts';
import { chooseMechanism, loginDialogue, type Mechanism } from '../smtp/auth.ts';
import type { Login } from '../smtp/next-hop.ts';
import type { Conversation, SetupReply } from './conversation.ts';

/** Logs in at a smarthost (RFC 4954). Gives a reply in its stead when that fails; it is temporary, for the mail is not to blame. */
export async function logIn(
  conversation: Conversation,
  login: Login,
  offered: readonly Mechanism[],
  isSecure: boolean,
  secretOf: ((name: string) => Promise<Result<string>>) | undefined,
): Promise<string | undefined> {
  if (!isSecure && !login.mayClear) return '451 4.7.11 authentication needs TLS, which there is not';
  const mechanism = chooseMechanism(offered, isSecure, login.mechanism);
  if (!mechanism) return '451 4.7.4 the host offers no authentication that may be used';
  const secret = await secretOf?.(login.secret);
  if (!secret?.ok) return `451 4.7.0 authentication: ${secret ? secret.failure.text : 'there are no passwords'}`;
  const reply = await say(conversation, mechanism, { user: login.user, secret: secret.value });
  return reply.code === 235 ? undefined : `451 4.7.8 authentication by ${mechanism} was refused: ${reply.text}`;
}

async function say(
  conversation: Conversation,
  mechanism: Mechanism,
  credentials: { user: string; secret: string },
): Promise<SetupReply> {
  const { command, answers } = loginDialogue(mechanism, credentials);
  let reply = await conversation.ask(command);
  for (const answer of answers) {
    if (reply.code !== 334) return reply;
    reply = await conversation.ask(answer(reply.text.slice('334 '.length)));
  }
  return reply;
}
