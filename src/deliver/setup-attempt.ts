import { type Capabilities, noCapabilities, parseCapabilities } from '../smtp/capabilities.ts';
import { daneDoubt } from '../smtp/dane.ts';
import { isStrict } from '../smtp/next-hop.ts';
import { ConnectionLost, Conversation, type SetupReply } from './conversation.ts';
import { logIn } from './login.ts';
import type { OpenSession, SetupFailure, SetupParts, SetupPeer } from './session-parts.ts';

/** What is tried with a host: everything first, then less. */
export interface SetupWay {
  /** EHLO; otherwise HELO (RFC 5321 §3.2). LMTP has LHLO only. */
  readonly isExtended: boolean;
  readonly mayTls: boolean;
}

/** What a host may fail with while another way is left. */
type SetupFault = 'tls' | 'ehlo';

/** The same way without what failed. HELO announces nothing, TLS neither. */
export function wayWithout(fault: SetupFault, way: SetupWay): SetupWay {
  return fault === 'tls' ? { ...way, mayTls: false } : { isExtended: false, mayTls: false };
}

type Step = 'connect' | 'greeting' | 'hello' | 'handshake' | 'ready';

/**
 * One connection to one address of a host, from the dial to a session that is ready for transactions:
 *
 *   connect -> (handshake, with implicit TLS) -> greeting -> hello -> (handshake -> hello) -> (login) -> ready
 */
export class SetupAttempt {
  readonly #peer: SetupPeer;
  readonly #parts: SetupParts;
  readonly #way: SetupWay;
  #conversation: Conversation | undefined;
  #step: Step = 'connect';
  #isSecure = false;
  #lost: ConnectionLost | undefined;

  constructor(peer: SetupPeer, parts: SetupParts, way: SetupWay) {
    this.#peer = peer;
    this.#parts = parts;
    this.#way = way;
  }

  async run(): Promise<OpenSession | SetupFailure> {
    const { address, port, host } = this.#peer;
    const { dialer, timeouts, localAddress } = this.#parts;
    try {
      const socket = await dialer(address, port, timeouts.connect, localAddress);
      this.#conversation = new Conversation(socket, timeouts.command);
      return await this.#converse(this.#conversation);
    } catch (error) {
      this.#conversation?.destroy();
      if (error instanceof ConnectionLost) this.#lost = error;
      const text = (error as Error).message;
      if (this.#step === 'handshake' && isStrict(this.#peer.policy))
        return this.#ours(`451 4.7.5 ${this.#demand} failed: ${text}`);
      return { host, text, ...(this.#conversation ? { wasConnected: true } : {}) };
    }
  }

  /** What the host failed with, so that less may help; undefined: nothing, or less must not be tried. */
  fault(): SetupFault | undefined {
    if (isStrict(this.#peer.policy)) return undefined;
    // RFC 7435: a handshake that fails is no reason to keep the mail; the next connection goes without.
    if (this.#step === 'handshake') return 'tls';
    const isDropped = this.#step === 'hello' && this.#lost?.byPeer === true;
    // Hosts of the nineties, and filters before them, break off at EHLO.
    return isDropped && this.#way.isExtended && this.#peer.policy.protocol === 'smtp' ? 'ehlo' : undefined;
  }

  async #converse(conversation: Conversation): Promise<OpenSession | SetupFailure> {
    if (this.#peer.policy.isImplicitTls) await this.#handshake(conversation);
    this.#step = 'greeting';
    const greeting = await conversation.reply();
    if (greeting.code !== 220) return this.#refused(greeting);
    let capabilities = await this.#greet(conversation);
    if (!('auth' in capabilities)) return this.#refused(capabilities);
    if (await this.#startsTls(conversation, capabilities)) {
      capabilities = await this.#greet(conversation);
      if (!('auth' in capabilities)) return this.#refused(capabilities);
    }
    if (isStrict(this.#peer.policy) && !this.#isSecure)
      return this.#ours(`451 4.7.4 ${this.#demand} is not offered by it`);
    if (!this.#isSecure) this.#doubts('there is no TLS');
    const refusal = await this.#logsIn(conversation, capabilities);
    if (refusal !== undefined) return this.#ours(refusal);
    this.#step = 'ready';
    const { host, policy } = this.#peer;
    const isLast = policy.protocol === 'lmtp';
    const isSecure = this.#isSecure;
    return { socket: conversation.release(), capabilities: this.#usable(capabilities), isLast, isSecure, host };
  }

  async #startsTls(conversation: Conversation, { startTls }: Capabilities): Promise<boolean> {
    if (!startTls || this.#isSecure || !this.#way.mayTls) return false;
    if ((await conversation.ask('STARTTLS')).code !== 220) return false;
    await this.#handshake(conversation);
    return true;
  }

  async #handshake(conversation: Conversation): Promise<void> {
    this.#step = 'handshake';
    const { authorities, clock } = this.#parts;
    const { tls, dane } = this.#peer.policy;
    const { doubt, certificates } = await conversation.upgrade({
      host: dane?.base ?? this.#peer.name,
      isVerified: tls === 'verified',
      ...(authorities === undefined ? {} : { authorities }),
    });
    const refusal = dane && daneDoubt(certificates(), dane, clock.now());
    if (refusal !== undefined) throw new Error(refusal);
    this.#isSecure = true;
    if (doubt !== undefined) this.#doubts(doubt);
  }

  get #demand(): string {
    const { askedBy } = this.#peer.policy;
    return askedBy === undefined ? 'TLS required of this host' : `TLS required of this host by ${askedBy}`;
  }

  #doubts(reason: string): void {
    const { policy, host } = this.#peer;
    if (policy.tls === 'trial') this.#parts.log?.('tls.trial', { host, reason });
  }

  async #greet(conversation: Conversation): Promise<Capabilities | SetupReply> {
    this.#step = 'hello';
    const { hostname } = this.#parts;
    const isSmtp = this.#peer.policy.protocol === 'smtp';
    if (this.#way.isExtended) {
      const extended = await conversation.ask(`${isSmtp ? 'EHLO' : 'LHLO'} ${hostname}`);
      if (extended.code === 250) return parseCapabilities(extended.text);
      if (extended.code < 500 || !isSmtp) return extended;
    }
    const plain = await conversation.ask(`HELO ${hostname}`);
    return plain.code === 250 ? noCapabilities : plain;
  }

  async #logsIn(conversation: Conversation, { auth }: Capabilities): Promise<string | undefined> {
    const { login } = this.#peer.policy;
    this.#step = 'ready';
    return login && logIn(conversation, login, auth, this.#isSecure, this.#parts.secretOf);
  }

  // RFC 2033 §4.2 gives a reply for each recipient that was taken: none at all for BDAT after a refused one.
  #usable(capabilities: Capabilities): Capabilities {
    return this.#peer.policy.protocol === 'lmtp' ? { ...capabilities, chunking: false } : capabilities;
  }

  #refused(reply: SetupReply): SetupFailure {
    this.#conversation?.quit();
    return { reply, text: reply.text, host: this.#peer.host, wasConnected: true };
  }

  #ours(text: string): SetupFailure {
    const { host, policy } = this.#peer;
    this.#conversation?.quit();
    this.#parts.log?.(policy.askedBy ? 'tls.refused' : 'route.trouble', { host, reason: text });
    return { reply: { code: 451, text }, text, host, isOurs: true };
  }
}
