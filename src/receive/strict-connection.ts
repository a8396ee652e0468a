import { BdatConnection } from './bdat-connection.ts';

/** A response of a login: base64, or the `*` that ends it (RFC 4954 §4). */
const response = /^(?:\*|(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/;
/** RFC 5321 §4.1.1: what has a parameter here and may have none is refused. Blanks before the line end are let pass. */
const needlessParameter = /^(?:DATA|RSET|QUIT)\s+\S/i;

/** A session with those rules about the order and form of commands that the package leaves out. */
export class StrictConnection extends BdatConnection {
  protected override rare(command: Buffer, next: () => void): void {
    const line = command.toString('latin1').trim();
    // Its octets must not be read as commands, whatever it interrupts.
    if (this._nextHandler && /^BDAT /i.test(line)) this._nextHandler = false;
    if (this._nextHandler && !response.test(line)) {
      // RFC 4954 §4: what cannot be decoded ends the login.
      this._nextHandler = false;
      this.#refuse(501, '5.5.2 that is not base64', next);
    } else if (!this._nextHandler && this._ready && needlessParameter.test(line)) {
      this.#refuse(501, 'this command has no parameter', next);
    } else super.rare(command, next);
    // The package takes a greeting for heard before it looks whether it may be said: EHLO where LMTP is spoken.
    this.openingCommand = this.session.openingCommand;
  }

  override handler_AUTH(command: Buffer, next: () => void): void {
    if (this.session.envelope.mailFrom) return this.#refuse(503, 'a login has its place before MAIL', next);
    const initial = command.toString('latin1').trim().split(/\s+/)[2] ?? '=';
    // A lone equals sign is the empty response (RFC 4954 §4).
    if (this.session.user || initial === '=' || response.test(initial)) return super.handler_AUTH(command, next);
    this.#refuse(501, '5.5.2 that is not base64', next);
  }

  // As the package does it: a flood of refused commands lets others have their turn.
  #refuse(code: number, text: string, next: () => void): void {
    this.send(code, text);
    setImmediate(next);
  }
}
