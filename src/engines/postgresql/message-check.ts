/** Size in bytes of the head of a message: its type and its length. The length includes itself, but not the type. */
const headLength = 5;
const lengthOfLength = 4;

/** Maximum length of a message in bytes. PostgreSQL never sends a longer message. */
const maxLength = 0x4000_0000;

const errorResponse = 'E'.charCodeAt(0);
const noticeResponse = 'N'.charCodeAt(0);

/**
 * Checks the messages of a server before the driver reads them. In an error or a notice, each field must end within its
 * message. The driver would search for a missing end without a limit, and block forever. In all other messages, only
 * the length is checked.
 */
export class MessageCheck {
  #held: Buffer[] = [];
  #heldLength = 0;
  /** Number of buffered bytes that the next check needs. */
  #needed = headLength;
  /** Number of bytes to skip, because the rest of a message needs no check. */
  #skipped = 0;

  /**
   * Checks the next chunk of the stream from the server.
   *
   * @throws when a message is malformed. Do not pass the chunk to the driver then.
   */
  check(chunk: Buffer): void {
    const start = Math.min(this.#skipped, chunk.length);
    this.#skipped -= start;
    const rest = start === 0 ? chunk : chunk.subarray(start);
    if (rest.length === 0) return;
    if (this.#heldLength + rest.length < this.#needed) this.#hold(rest, this.#needed);
    else if (this.#heldLength === 0) this.#checkAll(rest);
    else {
      const all = Buffer.concat([...this.#held, rest]);
      this.#held = [];
      this.#heldLength = 0;
      this.#checkAll(all);
    }
  }

  #checkAll(data: Buffer): void {
    let at = 0;
    while (data.length - at >= headLength) {
      const length = data.readUInt32BE(at + 1);
      if (length < lengthOfLength || length > maxLength) throw malformed();
      const end = at + 1 + length;
      if (data[at] !== errorResponse && data[at] !== noticeResponse) {
        this.#skipped = Math.max(0, end - data.length);
      } else if (end > data.length) {
        this.#hold(data.subarray(at), end - at);
        return;
      } else checkFields(data.subarray(at + headLength, end));
      at = end;
    }
    this.#needed = headLength;
    if (at < data.length) this.#hold(data.subarray(at), headLength);
  }

  #hold(part: Buffer, needed: number): void {
    this.#held.push(part);
    this.#heldLength += part.length;
    this.#needed = needed;
  }
}

// Checks the fields of an error or a notice. Each field is a letter and a text that ends with a zero byte. Another zero
// byte follows the last field.
function checkFields(body: Buffer): void {
  for (let at = 0; body[at] !== 0;) {
    const end = at >= body.length ? -1 : body.indexOf(0, at + 1);
    if (end < 0) throw malformed();
    at = end + 1;
  }
}

function malformed(): Error {
  return new Error('Received unexpected malformed message from backend.');
}
