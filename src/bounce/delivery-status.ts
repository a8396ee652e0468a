/** What a delivery report says of one recipient (RFC 3464 §2.3). */
export interface StatusFields {
  /** As the last host knew it; empty when the host does not say. */
  readonly address: string;
  /** `failed`, `delayed`, `delivered` …, lower case; empty when it is missing. */
  readonly action: string;
  /** `5.1.1`; empty when it is missing. */
  readonly status: string;
  /** The reply of the host that refused, without its type. */
  readonly diagnostic: string;
  readonly remoteHost: string;
}

/** Fields of one group by lower-case name; of several of one name the first. */
type Group = ReadonlyMap<string, string>;

const recipientsMost = 200;

/**
 * Reads the fields of a delivery report (RFC 3464, RFC 6533), by recipient. Real reports put blank lines where none may be, and leave out the
 * ones that must be there: a recipient begins where a field comes a second time that a recipient has once.
 */
export function readStatusFields(text: string): StatusFields[] {
  return groupsOf(text)
    .filter((group) => addressOf(group) !== '' || group.has('action') || group.has('status'))
    .map((group) => fieldsOf(group, addressOf(group)));
}

const starting = new Set(['final-recipient', 'original-recipient', 'action']);

function groupsOf(text: string): Group[] {
  const groups: Map<string, string>[] = [];
  let current = new Map<string, string>();
  let name = '';
  const close = (): void => {
    if (current.size > 0 && groups.length < recipientsMost) groups.push(current);
    current = new Map();
    name = '';
  };
  for (const line of text.split('\n')) {
    const found = /^([A-Za-z][A-Za-z-]{1,60})[ \t]*:[ \t]*(.*)$/.exec(line);
    if (found) {
      name = found[1]!.toLowerCase();
      if (starting.has(name) && current.has(name)) close();
      name = found[1]!.toLowerCase();
      if (!current.has(name)) current.set(name, found[2]!.trim());
    } else if (line.trim() === '') {
      // A group without the address is not over.
      if ((current.has('status') || current.has('action')) && addressOf(current) !== '') close();
    } else if (name !== '') current.set(name, `${current.get(name)!} ${line.trim()}`.slice(0, 4_000));
  }
  close();
  return groups;
}

function addressOf(group: Group): string {
  for (const name of ['final-recipient', 'original-recipient', 'x-actual-recipient']) {
    const value = (group.get(name) ?? '').slice(0, 1_000);
    const found = /^(?:[a-z0-9-]{1,40}[ \t]*;)?[ \t]*<?([^<>\s]{1,300}@[^<>\s;,]{1,255})>?/i.exec(value);
    if (found) return unescaped(found[1]!.replace(/^["']|["']$/g, ''));
  }
  return '';
}

// RFC 6533 §3: `\x{7530}` stands for a character where only ASCII may be.
function unescaped(address: string): string {
  return address.replace(/\\x\{([0-9a-f]{2,6})\}/gi, (whole, hex: string) => {
    const code = Number.parseInt(hex, 16);
    return code > 0x20 && code <= 0x10_ffff ? String.fromCodePoint(code) : whole;
  });
}

function fieldsOf(group: Group, address: string): StatusFields {
  // Some hosts give the reason as a comment to the code.
  const comment = /\((.{3,200})\)/.exec(group.get('status') ?? '')?.[1] ?? '';
  const diagnostic = (group.get('diagnostic-code') ?? comment).replace(/^[a-z0-9-]{1,30}[ \t]*;[ \t]*/i, '');
  return {
    address,
    action: /^[a-z]+/i.exec(group.get('action') ?? '')?.[0].toLowerCase() ?? '',
    status: /[245]\.\d{1,3}\.\d{1,3}/.exec(group.get('status') ?? '')?.[0] ?? '',
    diagnostic,
    remoteHost: (group.get('remote-mta') ?? '').replace(/^[a-z]+[ \t]*;[ \t]*/i, ''),
  };
}
