/** A message begins with its type and its length, which counts itself. */
const headLength = 5;
const lengthOfLength = 4;

/** The longest message that PostgreSQL sends. */
const maxLength = 0x4000_0000;

const errorResponse = 'E'.charCodeAt(0);
const noticeResponse = 'N'.charCodeAt(0);

/**
 * Checks that the fields of a server's errors and notices end within their message: the driver looks for their end without
 * a limit, and would never come back from a message without one. All other messages are only skipped.
 */
export class MessageCheck {
  #held: Buffer[] = [];
  #heldLength = 0;
  /** How many bytes there have to be before more can be checked. */
  #needed = headLength;
  /** How many bytes of a message that needs no check are still to come. */
  #skipped = 0;

  /** @throws where a message is malformed: nothing of the chunk may be read. */
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

// Each field is a letter and a text; a zero takes the place of the letter after the last one.
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
