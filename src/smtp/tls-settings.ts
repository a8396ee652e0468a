import type { SettingRow } from '../lib/settings.ts';
import { loopbackOrNothing } from './setting-checks.ts';

/** The server's settings of TLS: what it shows others, and what it asks of them. */
export const tlsSettingRows = [
  {
    name: 'tlsCertificate',
    isLive: true,
    type: 'text',
    initial: '',
    most: 1_000,
    meaning: 'PEM file of the certificate chain; with tlsKey it switches STARTTLS on',
  },
  { name: 'tlsKey', isLive: true, type: 'text', initial: '', most: 1_000, meaning: 'PEM file of the private key' },
  {
    name: 'mtaSts',
    isLive: true,
    type: 'boolean',
    initial: true,
    meaning:
      'keep to what the domains of recipients publish with MTA-STS (RFC 8461): their mail goes to the hosts that they name, under TLS, and only when the certificate names the host too; a route goes before it',
  },
  {
    name: 'dnssecResolver',
    type: 'text',
    initial: '',
    most: 100,
    check: loopbackOrNothing,
    meaning:
      'a name server of this machine that checks DNSSEC, like 127.0.0.1:53, asked in place of those of the system: hosts that publish their certificates with DANE (RFC 7672) get mail only when they show one of them; empty: no DANE',
  },
] as const satisfies readonly SettingRow[];
