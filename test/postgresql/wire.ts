/** Messages of a PostgreSQL server, as the protocol encodes them ("Message Formats" in the chapter on the protocol). */

/** Returns a message of this type, with its length. */
export function message(type: string, body: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.from(`${type}....`);
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** Returns a request for authentication. Code 0 reports that the authentication succeeded. */
export function authentication(code: number, data: Buffer = Buffer.alloc(0)): Buffer {
  return message('R', Buffer.concat([int32(code), data]));
}

/** Returns an ErrorResponse or a NoticeResponse with these fields. The key of a field is its letter. */
export function report(type: 'E' | 'N', fields: Readonly<Record<string, string>>): Buffer {
  const texts = Object.entries(fields).map(([letter, text]) => `${letter}${text}\0`);
  return message(type, Buffer.from(`${texts.join('')}\0`));
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

/** Message that the server is ready for a statement, outside a transaction. */
export const ready = message('Z', Buffer.from('I'));

/** Messages with which a server begins a connection without a password. */
export const welcome = Buffer.concat([
  authentication(0),
  message('S', Buffer.concat([text('server_version'), text('18.0')])),
  message('K', Buffer.concat([int32(4711), int32(42)])),
  ready,
]);

/** Returns the types and the bodies of messages of the protocol. */
export function parseMessages(bytes: Buffer): [type: string, body: Buffer][] {
  const messages: [string, Buffer][] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32BE(at + 1);
    messages.push([bytes.toString('latin1', at, at + 1), bytes.subarray(at + 5, at + 1 + length)]);
    at += 1 + length;
  }
  return messages;
}
