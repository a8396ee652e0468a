import { hostname as machineName } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { handleBounce, handleReturnedToOwner } from './bounce/bounce.ts';
import { runRound } from './bounce/round.ts';
import { handleCommand } from './command/command.ts';
import { rejectionNotice } from './command/notice.ts';
import { handleOwner } from './command/owner.ts';
import type { ServerSettings } from './config.ts';
import type { Stages } from './stage-types.ts';
import { providerName } from './deliver/providers.ts';
import { deliverToMaildir } from './domain/maildir.ts';
import { mailboxDirectory, hasMailbox } from './domain/mailbox.ts';
import { fanOut } from './fanout/fanout.ts';
import type { Home } from './home.ts';
import { listValues } from './list/letter.ts';
import type { List } from './list/list.ts';
import { type ListName, parseListName } from './list/name.ts';
import { Templates } from './list/templates.ts';
import type { Log } from './log.ts';
import { handlePost } from './post/post.ts';
import { canonicalOf } from './mail/address.ts';
import { userOfCause } from './queue/cause.ts';
import { doneWith } from './queue/handled.ts';
import type { Claimant } from './queue/store.ts';
import type { Places } from './route.ts';

export interface StageParts {
  readonly home: Home;
  readonly claimant: Claimant;
  readonly log: Log;
  readonly templates: Templates;
  /** A chunk is in the queue. */
  readonly onChunk: () => void;
  /** A step of a list's ladder, or an alarm, is due. */
  readonly onBouncesDue: (list: string, due: number) => void;
}

/** Gives every stage what it needs, and dispatch the stages. */
export function joinStages(parts: StageParts): Stages {
  const { home, claimant, log, templates } = parts;
  const { clock, newId, allowances, suppressions, settings, queue } = home;
  const isOurs = (domain: string): boolean => settings.domains.includes(domain);
  const maildir = { clock, hostname: hostnameOf(settings) };
  const commandTools = {
    clock,
    log,
    newId,
    allowances,
    suppressions,
    templates,
    isOurs,
    get postmaster(): string {
      return settings.postmaster;
    },
  };
  const bounceTools = { clock, log, providerOf: providerName, onDue: parts.onBouncesDue };
  const keepForPostmaster = (domain: string, message: Buffer): Promise<void> =>
    deliverToMaildir(mailboxDirectory(home.paths.domains, domain, 'postmaster'), message, maildir);
  const trailerOf = async (list: List): Promise<string> =>
    (await templates.fill(list, 'trailer', listValues(list, await list.settings()))).text;
  return {
    post: (entry, message, list) =>
      handlePost(entry, message, list, {
        clock,
        log,
        newId,
        trailerOf,
        notice: (rejected, about, text) => rejectionNotice(rejected, message, about, text, commandTools),
        // Only the command line gives such a cause; what comes by SMTP has its entry's id, or the user's name.
        isOwner: async ({ cause }, list) => cause.startsWith('send ') || isOwnerOf(list, userOfCause(cause)),
      }),
    command: (entry, message, route, list) => handleCommand(entry, message, route, list, commandTools),
    bounce: (entry, message, route, list) => handleBounce(entry, message, route, list, bounceTools),
    owner: async (entry, message, list) =>
      (list && (await handleReturnedToOwner(entry, message, list, bounceTools))) ??
      handleOwner(entry, message, list, { ...commandTools, keepForPostmaster }),
    mailbox: async (_entry, message, { address }) => {
      await deliverToMaildir(mailboxDirectory(home.paths.domains, address.domain, address.local), message, maildir);
      return doneWith('in the mailbox');
    },
    fanOut: (entry, list, chunkDone, signal) =>
      fanOut(entry, list, { queue, claimant, clock, chunkDone, onChunk: parts.onChunk, signal }),
  };
}

/** Does what is due for the bounces of a list. */
export function bounceRoundOf({ home, log, templates }: Pick<StageParts, 'home' | 'log' | 'templates'>) {
  const { clock, newId, settings, queue } = home;
  return (list: List): Promise<number | undefined> =>
    runRound(list, {
      clock,
      log,
      newId,
      templates,
      isOurs: (domain) => settings.domains.includes(domain),
      accept: (messages, entries) => queue.accept(messages, entries),
    });
}

/** True when somebody who has logged in is the owner of a list; `user`: their address in its canonical form. */
export async function isOwnerOf(list: List, user: string | undefined): Promise<boolean> {
  return user !== undefined && canonicalOf((await list.settings()).owner) === user;
}

/** What route knows of a home. */
export function placesOf(home: Home): Places {
  const { lists, settings, paths } = home;
  return {
    isOurs: (domain) => settings.domains.includes(domain),
    list: (name, domain) => lists.find(name, domain),
    listById: (id, domain) => lists.byId(id, domain),
    hasMailbox: (address) => hasMailbox(paths.domains, address),
  };
}

/** Opens a list by its name or address; undefined when it is not there. */
export function openListOf(home: Home): (list: string | ListName) => List | undefined {
  return (list) => {
    const name = typeof list === 'string' ? parseListName(list) : list;
    const found = name && home.lists.find(name.name, name.domain);
    return found && home.lists.open(found);
  };
}

/** The name that we greet with and write into trace lines. */
export function hostnameOf(settings: ServerSettings): string {
  return settings.hostname || settings.domains[0] || machineName();
}

/** The texts of the package's own `templates/`. */
export function templatesOf(log: Log): Templates {
  return new Templates(join(fileURLToPath(new URL('..', import.meta.url)), 'templates'), log);
}
