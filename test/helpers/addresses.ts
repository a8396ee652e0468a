import * as fc from 'fast-check';
import { type ListName, parseListName } from '../../src/list/name.ts';
import { isReservedLocal } from '../../src/list/name.ts';
import { type Address, parseAddress } from '../../src/mail/address.ts';

const atext = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+/=?^_`{|}~-";
const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';

function textOf(characters: string, least: number, most: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...Array.from(characters)), minLength: least, maxLength: most });
}

const plain = textOf('abcdefghijklmnopqrstuvwxyz0123456789._+-', 1, 64);
const dotted = fc.array(textOf(atext, 1, 20), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'));
const international = textOf('aäöüßéñÅØЖж你好αΣςİıK\u212a😀', 1, 16);
const quoted = textOf('ab @,;:<>[]().=-', 0, 30).map((text) => `"${text}"`);

const label = fc
  .tuple(textOf(letters, 1, 1), textOf(`${letters}-`, 0, 20), textOf(letters, 1, 1))
  .map((parts) => parts.join(''));
const name = fc.array(label, { minLength: 1, maxLength: 8 }).map((labels) => labels.join('.'));
const domain = fc.oneof(
  { weight: 5, arbitrary: name },
  { weight: 1, arbitrary: name.map((text) => `bücher.${text}`) },
  { weight: 1, arbitrary: fc.constantFrom('[192.0.2.1]', '[IPv6:2001:db8::1]', 'x.example') },
);

/** Any legal address: plain, with every atext character, international, quoted, long, at names and literals. */
export const anyAddress: fc.Arbitrary<Address> = fc
  .tuple(fc.oneof(plain, dotted, international, quoted), domain)
  .map(([local, at]) => parseAddress(`${local}@${at}`))
  .filter((address) => address !== undefined);

/** Any name that a list may have. */
export const anyListName: fc.Arbitrary<ListName> = fc
  .tuple(
    fc.array(textOf(letters, 1, 12), { minLength: 1, maxLength: 4 }),
    fc.constantFrom('-', '.', '_'),
    fc.constantFrom('lists.example.org', 'x.example'),
  )
  .map(([parts, join, at]) =>
    isReservedLocal(parts.join(join)) ? undefined : parseListName(`${parts.join(join)}@${at}`),
  )
  .filter((found) => found !== undefined);
