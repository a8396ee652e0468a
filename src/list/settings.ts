import { parseAddress } from '../mail/address.ts';
import type { SettingRow, ValuesOf } from '../lib/settings.ts';

function addressOrNothing(text: string): string | undefined {
  return text === '' || parseAddress(text) ? undefined : 'must be a mail address like owner@example.org, or empty';
}

/**
 * The settings of a list (`list.json`). `letter` is ezmlm-make's letter for it, upper case when the letter switches it
 * off by standing there; `isActive: false` are letters that are kept and shown, and do nothing yet.
 */
export const listSettingRows = [
  {
    name: 'owner',
    type: 'text',
    initial: '',
    most: 254,
    meaning: 'where mail to the -owner address goes; empty: to the postmaster',
    check: addressOrNothing,
  },
  { name: 'title', type: 'text', initial: '', most: 200, meaning: 'the display name of the list in List-Id and texts' },
  {
    name: 'prefix',
    type: 'text',
    initial: '',
    most: 100,
    meaning: 'put before the subject of every post; the last # becomes the post number',
  },
  { name: 'trailer', type: 'boolean', initial: false, meaning: 'append text/trailer to every post' },
  { name: 'archived', type: 'boolean', initial: true, meaning: 'keep every post in archive/' },
  { name: 'public', type: 'boolean', initial: true, meaning: 'answer commands from everybody; off: only help' },
  {
    name: 'posting',
    type: 'choice',
    initial: 'subscribers',
    choices: ['everybody', 'subscribers', 'owner', 'nobody'],
    meaning:
      'who may post: everybody; members of subscriber, digest, allow or mod; only the command line (ezlm send), since an envelope sender proves nothing; nobody',
  },
  {
    name: 'replyTo',
    type: 'choice',
    initial: 'author',
    choices: ['author', 'list'],
    meaning: 'where replies go: to the author, or to the list by a Reply-To header',
  },
  {
    name: 'subscribeConfirm',
    type: 'boolean',
    initial: true,
    meaning: 'a subscription needs the answer to a confirmation mail',
  },
  {
    name: 'unsubscribeConfirm',
    type: 'boolean',
    initial: true,
    meaning: 'leaving needs the answer to a confirmation mail',
  },
  {
    name: 'unsubscribe',
    type: 'choice',
    initial: 'list',
    choices: ['list', 'member'],
    meaning:
      "the address in List-Unsubscribe: the list's, which asks for a confirmation; or one of each member's own, to which any mail ends the membership at once. With a DKIM key every copy is signed for itself then",
  },
  {
    name: 'bytesMost',
    type: 'number',
    initial: 10_485_760,
    least: 1_024,
    most: 1_073_741_824,
    unit: 'octets',
    meaning: 'the largest post',
  },
  {
    name: 'bytesLeast',
    type: 'number',
    initial: 0,
    least: 0,
    most: 1_048_576,
    unit: 'octets',
    meaning: 'the smallest body of a post',
  },
  { name: 'subjectNeeded', type: 'boolean', initial: true, meaning: 'refuse posts with an empty subject' },
  {
    name: 'commandSubjectRefused',
    type: 'boolean',
    initial: true,
    meaning: 'refuse posts whose subject is a command such as "unsubscribe"',
  },
  {
    name: 'archiveUrl',
    type: 'text',
    initial: '',
    most: 500,
    meaning: 'the web address of the archive, for List-Archive; empty: none',
  },
  {
    name: 'headersRemoved',
    type: 'texts',
    initial: [],
    most: 100,
    meaning: 'names of header fields that are taken out of posts, besides those that always are',
  },
  {
    name: 'headersAdded',
    type: 'texts',
    initial: [],
    most: 900,
    meaning: 'header fields ("Name: value") that every copy gets',
  },
  {
    name: 'language',
    type: 'text',
    initial: 'en',
    most: 10,
    meaning: 'the folder of templates/ that replies are written from',
  },
  {
    name: 'confirmDays',
    type: 'number',
    initial: 3,
    least: 1,
    most: 30,
    unit: 'days',
    meaning: 'how long a confirmation request can be answered',
  },
  {
    name: 'bounces',
    type: 'choice',
    initial: 'remove',
    choices: ['remove', 'suspend', 'record'],
    meaning:
      'what becomes of members whose mail comes back, and then the warning and the probe as well: they are removed; they get no more mail and stay members; record: nothing, there are no warnings',
  },
  {
    name: 'bounceScore',
    type: 'number',
    initial: 1,
    least: 1,
    most: 100,
    meaning: 'bounces that lead to a warning; each post and each day counts once, a host that is not found 0.6',
  },
  {
    name: 'bounceHalfLifeDays',
    type: 'number',
    initial: 30,
    least: 1,
    most: 3_650,
    unit: 'days',
    meaning: 'after this a bounce counts half',
  },
  {
    name: 'warnDays',
    type: 'number',
    initial: 10,
    least: 0,
    most: 365,
    unit: 'days',
    meaning: 'from the bounce to the warning',
  },
  {
    name: 'probeDays',
    type: 'number',
    initial: 10,
    least: 1,
    most: 365,
    unit: 'days',
    meaning:
      "from the warning's bounce to the probe; as long without a bounce of the warning or the probe, and all is well",
  },
  {
    name: 'unreachablePosts',
    type: 'number',
    initial: 3,
    least: 1,
    most: 1_000,
    meaning: 'posts that expired while no host took a connection, until the member is warned',
  },
  {
    name: 'unreachableDays',
    type: 'number',
    initial: 14,
    least: 0,
    most: 3_650,
    unit: 'days',
    meaning: 'the least time between the first and the last of them',
  },
  {
    name: 'fullDays',
    type: 'number',
    initial: 60,
    least: 1,
    most: 3_650,
    unit: 'days',
    meaning: 'how long a mailbox must have been full until the member is warned',
  },
  {
    name: 'bounceKeepDays',
    type: 'number',
    initial: 90,
    least: 1,
    most: 3_650,
    unit: 'days',
    meaning: 'how long bounces are kept, and how old a post may be whose bounce counts',
  },
  {
    name: 'alarmRefusals',
    type: 'number',
    initial: 10,
    least: 0,
    most: 1_000_000,
    meaning:
      'refusals for the sake of policy or reputation within an hour that the owner is told of, at most once a day; 0: none',
  },
  {
    name: 'bounceSummary',
    type: 'boolean',
    initial: true,
    meaning: 'tell the owner once a week what came back, if anything did',
  },
  {
    name: 'letters',
    type: 'text',
    initial: '',
    most: 60,
    meaning: "ezmlm-make's letters that are kept for later: their behaviour is not active yet",
  },
] as const satisfies readonly SettingRow[];

export type ListSettings = ValuesOf<typeof listSettingRows>;
