import type { Socket } from 'node:net';
import type { SMTPServer, SMTPServerSession } from 'smtp-server';
import { SMTPConnection, type SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js';
import type { FlushRound } from '../lib/flush-round.ts';
import { type Collected, Collecting, type MessageRoom } from './collect.ts';
import { CommandStream } from './command-stream.ts';
import { parametersOf, plainPath } from './path.ts';

/** What the sessions of a server need of it. */
export interface ConnectionParts {
  /** For messages that are being received. */
  readonly room: MessageRoom;
  /** Gets every message with its session; gives the replies: one, in LMTP one for each recipient. */
  readonly onMessage: (message: Collected, session: SMTPServerSession) => Promise<readonly (string | Error)[]>;
  /** Replies of one turn leave together. */
  readonly round: FlushRound;
}

type Refusal = Error & { readonly responseCode?: number; readonly endsSession?: boolean };

/** Who counts connections. */
export interface Watch {
  heard(): void;
  closed(): void;
}

/** The first octets of the commands of every transaction. */
const ordinary: ReadonlySet<string> = new Set(['MAIL ', 'RCPT ', 'DATA', 'BDAT ']);
/** Other commands (NOOP, RSET, VRFY, a greeting again) from one message to the next: whoever sends more only keeps the connection. */
const othersMost = 100;
/** Commands out of order or form, likewise: who pipelines may have many recipients or chunks on the way behind a refusal. */
const wrongMost = 1_000;

const ownStatus = /^[245]\.\d{1,3}\.\d{1,3} /;
const controls = /[\u0000-\u001f\u007f-\u009f]/g;

/** Enhanced codes (RFC 3463) of the refusals that the package words itself; to it 552 is a full mailbox, to us a message too large. */
const refusals: Readonly<Record<number, string>> = {
  421: '4.3.2',
  450: '4.2.0',
  451: '4.3.0',
  452: '4.5.3',
  454: '4.7.0',
  500: '5.5.2',
  501: '5.5.4',
  502: '5.5.1',
  503: '5.5.1',
  504: '5.5.4',
  530: '5.7.0',
  550: '5.7.0',
  552: '5.3.4',
  553: '5.1.3',
  555: '5.5.4',
};

/**
 * The package's session, with its hot path replaced: what comes is cut by `CommandStream`, a message goes to us without a stream of its
 * own, the commands of every transaction skip the checks that cannot hit them, and replies to what came together leave together. A refusal
 * has the enhanced code that its text begins with, or the one of our table: the package would put one of its own before every text (550 is
 * always 5.1.1 to it), or none. Parameters of MAIL and RCPT are kept as they came.
 */
export abstract class Connection extends SMTPConnection {
  readonly #parts: ConnectionParts;
  readonly #watch: Watch;
  #replies = '';
  #message: Collecting | undefined;
  #others = 0;
  #wrong = 0;
  /** A message is coming in by BDAT, and has not had its last octets. */
  protected isChunked = false;

  constructor(
    server: SMTPServer,
    socket: Socket,
    options: SMTPConnectionOptions | undefined,
    parts: ConnectionParts,
    watch: Watch,
  ) {
    super(server, socket, options);
    this.#parts = parts;
    this.#watch = watch;
  }

  // Called by the constructor of the package, too: before our own fields are there.
  override _createParser(): CommandStream {
    const stream = new CommandStream(this._server.options.maxCommandLength!, () => this.#flushLater());
    stream.oncommand = (command, next) => this._onCommand(command, next);
    stream.on('error', (error) => this.send(421, `Error: ${error.message}`));
    return stream;
  }

  /** True while a message comes in, or awaits its reply. */
  get isInMessage(): boolean {
    return this.#message !== undefined;
  }

  /** A message whose octets are still to come, from the client's side. */
  get incoming(): Collecting | undefined {
    return this.isChunked || this.stream?._dataMode ? this.#message : undefined;
  }

  override send(code: number, text?: string | string[] | null, context?: string | false): void {
    if ((code === 501 || code === 503) && ++this.#wrong > wrongMost)
      return this.send(421, '4.7.0 too many wrong commands');
    if (Array.isArray(text)) {
      // What is announced: only EHLO has more lines than one.
      const lines = [...text, 'CHUNKING'];
      const last = lines.length - 1;
      this.#replies += lines.map((line, at) => this.#line(code, at < last ? '-' : ' ', line, context)).join('');
    } else this.#replies += this.#line(code, ' ', text ?? '', context);
    // A greeting, and what comes before a handshake, does not wait.
    if (code === 220 || !this.stream?.isRunning) this.flush();
    if (code === 421) this.close();
  }

  override close(): void {
    this.flush();
    super.close();
  }

  // A timer for each socket would be set anew with each read and write; the server looks at all of them (`SmtpEngine`).
  override _armTimeout(): void {}

  override _onClose(): void {
    this.#watch.closed();
    const message = this.#message;
    this.#message = undefined;
    this._dataStream = null;
    if (message && (this.isChunked || this.stream?._dataMode))
      void this.#parts.onMessage(message.end('broken off'), this.session);
    super._onClose();
  }

  override _onCommand(command: Buffer, next?: () => void): void {
    this.#watch.heard();
    const name = command.toString('latin1', 0, 5).toUpperCase();
    if (!ordinary.has(name) && this.sendsNothing()) return;
    // The package may keep the line for later.
    if (!ordinary.has(name) || !this.#isOrdinary()) return this.rare(Buffer.from(command), next ?? (() => {}));
    let isDone = false;
    const done = (): void => {
      isDone = true;
      this._handlerPending = false;
      this._whenWritable(next ?? (() => {}));
    };
    this._handlerPending = true;
    try {
      if (name === 'MAIL ') this.handler_MAIL(command, done);
      else if (name === 'RCPT ') this.handler_RCPT(command, done);
      else if (name === 'DATA') this.handler_DATA(command, done);
      else this.handler_BDAT(command, done);
    } catch (error) {
      this._server.emit('error', error as Error);
      if (isDone) return;
      this.send(451, 'Error: internal server error');
      done();
    }
  }

  /** Takes a chunk of a message (RFC 3030). */
  abstract handler_BDAT(command: Buffer, next: () => void): void;

  /** Counts a command that sends nothing; true when it was one too many, and the session has ended. */
  protected sendsNothing(): boolean {
    if (++this.#others <= othersMost) return false;
    this.send(421, '4.7.0 too many commands that send nothing');
    return true;
  }

  /** Carries out a command that is not one of every transaction, or does not come where one expects it. */
  protected rare(command: Buffer, next: () => void): void {
    super._onCommand(command, next);
  }

  override _parseAddressCommand(
    name: string,
    command: Buffer | string,
  ): ReturnType<SMTPConnection['_parseAddressCommand']> {
    const text = command.toString();
    const path = plainPath(name.toUpperCase(), text);
    if (path) return path;
    const parsed = super._parseAddressCommand(name, text);
    return parsed && parsed.args ? Object.assign(parsed, { parameters: parametersOf(text) }) : parsed;
  }

  override handler_DATA(command: Buffer, next: () => void): void {
    const { stream } = this;
    if (this.session.envelope.rcptTo.length === 0 || !stream) return super.handler_DATA(command, next);
    const message = this.collect();
    stream.startMessage(message, () => void this.received(message.end()));
    this.send(354, 'End data with <CR><LF>.<CR><LF>');
    next();
  }

  /** The message that is coming in, or a new one. */
  protected collect(): Collecting {
    const message = (this.#message ??= new Collecting(this.#parts.room, Number(this._server.options.size)));
    // To the package it says that the client waits for us.
    this._dataStream = message as never;
    return message;
  }

  /** Throws away the chunks that have come. */
  protected forget(): void {
    this.isChunked = false;
    this.#message?.end('broken off');
    this.#message = undefined;
  }

  /** Hands a message in and gives its replies; `isWhole`: in LMTP for each recipient, else one for the chunk that was not taken. */
  protected async received(message: Collected, isWhole = true): Promise<void> {
    const all = await this.#parts.onMessage(message, this.session);
    const replies = isWhole ? all : all.slice(0, 1);
    if (this.stream) this.stream.afterMessage(() => this.#answer(replies));
    else this.#answer(replies);
  }

  #answer(replies: readonly (string | Error)[]): void {
    this.#message = undefined;
    this._dataStream = false;
    for (const reply of replies) {
      if (typeof reply === 'string') this.send(250, reply, 'DATA_OK');
      else this.send((reply as Refusal).responseCode ?? 450, reply.message);
    }
    this._transactionCounter++;
    this._unrecognizedCommands = 0;
    this.#others = 0;
    this.#wrong = 0;
    this._resetSession();
    // After all of them: LMTP owes each recipient a reply.
    if (replies.some((reply) => (reply as Refusal).endsSession)) this.close();
  }

  protected get stream(): CommandStream | undefined {
    return (this._parser as CommandStream | false) || undefined;
  }

  // Nothing that the package asks before it calls a handler can be against MAIL, RCPT and DATA then.
  #isOrdinary(): boolean {
    const { _upgrading, _ready, _nextHandler, hostNameAppearsAs, _server } = this;
    return _ready && !_upgrading && !_nextHandler && hostNameAppearsAs !== false && !_server._closeTimeout;
  }

  #line(code: number, separator: string, text: string, context: string | false | undefined): string {
    const clean = text.replace(controls, ' ');
    const status = ownStatus.test(clean)
      ? ''
      : code >= 400
        ? refusalStatus(code)
        : this._getEnhancedStatusCode(code, context);
    return `${code}${separator}${status}${status && clean ? ' ' : ''}${clean}\r\n`;
  }

  #flushLater(): void {
    if (this.#replies !== '') this.#parts.round.add(this);
  }

  /** Sends the replies that wait. */
  flush(): void {
    const text = this.#replies;
    if (text === '') return;
    this.#replies = '';
    // While a handshake runs the socket is still the plain one.
    if (!this._upgrading && !this._socket.destroyed && this._socket.readyState === 'open') this._socket.write(text);
  }
}

function refusalStatus(code: number): string {
  return refusals[code] ?? `${Math.floor(code / 100)}.0.0`;
}
