import { encodePhrase } from '../mail/words.ts';
import { commandAddress } from './grammar.ts';
import type { ListName } from './name.ts';
import type { ListSettings } from './settings.ts';

/** The fields by which a mail shows that it is the list's (RFC 2369, RFC 2919): for posts and for our own mails. */
export function listHeader(list: ListName, settings: ListSettings): [name: string, value: string][] {
  const command = (word: string): string => `<mailto:${commandAddress(list, word)!}>`;
  const takesPosts = settings.posting !== 'owner' && settings.posting !== 'nobody';
  return [
    ['List-Id', listId(list, settings.title)],
    ['List-Help', command('help')],
    ['List-Unsubscribe', command('unsubscribe')],
    ['List-Subscribe', command('subscribe')],
    ['List-Post', takesPosts ? `<mailto:${list.address}>` : 'NO'],
    ['List-Owner', command('owner')],
    ...(settings.archiveUrl === '' ? [] : [['List-Archive', `<${settings.archiveUrl}>`] as [string, string]]),
  ];
}

// RFC 2919 §3: a phrase, then the id in brackets.
function listId(list: ListName, title: string): string {
  const id = `<${list.name}.${list.domain}>`;
  if (title === '') return id;
  return `${encodePhrase(title)} ${id}`;
}
