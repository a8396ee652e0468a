import assert from 'node:assert/strict';
import test from 'node:test';
import { type NextHop, parseNextHop, parseRoutes, routeKey, routeOf } from '../../src/smtp/next-hop.ts';

function read(text: string): NextHop {
  const hop = parseNextHop(text);
  assert.ok(typeof hop !== 'string', `${text}: ${JSON.stringify(hop)}`);
  return hop;
}

const places: readonly [text: string, want: string][] = [
  ['127.0.0.1:2525', 'smtp 127.0.0.1 2525 opportunistic'],
  ['[::1]:25', 'smtp ::1 25 opportunistic'],
  ['Mail.Example.net:26', 'smtp mail.example.net 26 opportunistic'],
  ['smtp://mail.example.net', 'smtp mail.example.net 25 opportunistic'],
  ['smtp://mail.example.net:587?tls=required', 'smtp mail.example.net 587 required'],
  ['smtp://[2001:DB8::1]:587?tls=none', 'smtp 2001:db8::1 587 none'],
  ['smtps://mail.example.net', 'smtp mail.example.net 465 required implicit'],
  ['smtps://mail.example.net:4650?tls=verified', 'smtp mail.example.net 4650 verified implicit'],
  ['lmtp://127.0.0.1:2424', 'lmtp 127.0.0.1 2424 opportunistic'],
  ['lmtp://mail.example.net', 'lmtp mail.example.net 24 opportunistic'],
  ['lmtp:/run/dovecot/lmtp', 'lmtp /run/dovecot/lmtp 0 none'],
];

test('a next hop is a host with port, a URL, or the path of a socket', () => {
  for (const [text, want] of places) {
    const { protocol, host, port, tls, isImplicitTls } = read(text);
    assert.equal([protocol, host, port, tls, ...(isImplicitTls ? ['implicit'] : [])].join(' '), want, text);
  }
});

test('a login says who we are and where the password stands, and wants a host that is proved', () => {
  const table: [text: string, tls: string, login: NextHop['login']][] = [
    [
      'smtp://mail.example.net:587?user=me%40example.org',
      'verified',
      { user: 'me@example.org', secret: 'mail.example.net', mayClear: false },
    ],
    [
      'smtps://mail.example.net?user=me&password=relay&tls=required&auth=cram-md5',
      'required',
      { user: 'me', secret: 'relay', mayClear: false, mechanism: 'CRAM-MD5' },
    ],
    ['smtp://[::1]:2525?user=me&clear=yes', 'opportunistic', { user: 'me', secret: '__1', mayClear: true }],
  ];
  for (const [text, tls, login] of table) {
    const hop = read(text);
    assert.deepEqual([hop.tls, { ...hop.login }], [tls, login], text);
  }
});

const wrong: readonly [text: string, why: RegExp][] = [
  ['', /^must be HOST:PORT/],
  ['127.0.0.1', /^must be HOST:PORT/],
  ['::1:25', /^must be HOST:PORT/],
  ['[::g]:25', /^must be HOST:PORT/],
  ['http://mail.example.net', /^must be HOST:PORT/],
  ['smtp://me:secret@mail.example.net', /^must be HOST:PORT/],
  ['smtp://mail.example.net/', /^must be HOST:PORT/],
  ['lmtp:relative/socket', /^must be HOST:PORT/],
  ['mail.example.net:0', /port from 1 to 65535/],
  ['mail.example.net:65536', /port from 1 to 65535/],
  ['lmtp://mail.example.net:25', /port 25/],
  ['lmtp:/run/lmtp?tls=required', /no TLS/],
  ['m.example:25?tls=often', /tls=often; there are none/],
  ['m.example:25?tls=none&tls=none', /twice/],
  ['m.example:25?tls', /option "tls"/],
  ['m.example:25?pipelining=no', /option "pipelining"/],
  ['m.example:25?tls=none?', /more than one/],
  ['smtps://m.example?tls=opportunistic', /required or verified/],
  ['m.example:25?user=me&tls=opportunistic', /without sure TLS/],
  ['m.example:25?user=me&tls=none', /without sure TLS/],
  ['m.example:25?user=%0d%0aRSET', /no readable value for "user"/],
  ['m.example:25?user=%zz', /no readable value/],
  ['m.example:25?user=', /no readable value/],
  ['m.example:25?user=me&password=../ezlm.json', /no file name/],
  ['m.example:25?user=me&password=a/b', /no file name/],
  ['m.example:25?user=me&auth=gssapi', /auth=gssapi; there are PLAIN/],
  ['m.example:25?user=me&clear=perhaps', /yes or no/],
  ['m.example:25?password=x', /without user/],
];

test('what cannot be meant is refused with the reason', () => {
  for (const [text, why] of wrong) {
    const read = parseNextHop(text);
    assert.match(typeof read === 'string' ? read : 'taken', why, text);
  }
});

test('a next hop has one name however it is written, and another one for another way of speaking to it', () => {
  assert.equal(read('Mail.example:25').name, read('smtp://mail.example').name);
  const names = [
    'm.example:25',
    'm.example:25?tls=none',
    'lmtp://m.example:26',
    'm.example:25?user=a',
    'm.example:25?user=b',
  ];
  assert.equal(new Set(names.map((text) => read(text).name)).size, names.length);
});

test('a route of a domain goes before one of what is above it, the nearest first, and all before *', () => {
  const routes = parseRoutes({
    'a.b.example': 'own:25',
    '.B.example': 'below:25',
    '.example': 'far:25',
    '*': 'all:25',
    '.exämple': 'ascii:25',
  });
  const hostOf = (domain: string): string | undefined => routeOf(domain, routes)?.host;
  const found = ['a.b.example', 'x.a.b.example', 'y.b.example', 'b.example', 'example', 'b.example.org', '[192.0.2.1]'];
  assert.deepEqual(
    found.map((domain) => hostOf(domain)),
    ['own', 'below', 'below', 'far', 'all', 'all', 'all'],
  );
  assert.equal(hostOf('x.xn--exmple-cua'), 'ascii');
  for (const key of ['.', '..example', '.[192.0.2.1]', '*.example', '']) assert.equal(routeKey(key), undefined, key);
});

test('routes are found by domain, whatever the domain is called', () => {
  const routes = parseRoutes({ 'Example.NET': '127.0.0.1:25', '*': '127.0.0.1:26' });
  assert.equal(routes.get('example.net')?.port, 25);
  assert.equal(routes.get('*')?.port, 26);
  assert.equal(routes.get('__proto__'), undefined);
});
