import type { Id } from '../lib/ids.ts';

/** The cause of what a user has handed in: `user ann@example.org <id>`. Whoever sees it may trust that From is an address of theirs. */
export function causeOfUser(user: string, id: Id): string {
  return `user ${user} ${id}`;
}

/** The user who has handed an entry in; undefined when nobody has logged in. */
export function userOfCause(cause: string): string | undefined {
  return /^user (.+) \S+$/.exec(cause)?.[1];
}

/** The cause of a notice of what became of an entry. */
export function causeOfNotice(id: Id, action: string): string {
  return `${id}:${action}`;
}

/** True for a notice of our own that something could not be delivered; nothing that comes by SMTP has such a cause. */
export function isFailureNotice(cause: string): boolean {
  return /^[0-9a-v]{18}:failed$/.test(cause);
}

/** The cause of the post that is made of an entry which has arrived. */
export function causeOfPost(id: Id): string {
  return `${id}:post`;
}
