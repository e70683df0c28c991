import type { Statement } from '../../sql/statement';

/** Execution of a statement with values for its parameters. */
export interface StatementCall {
  /** Name under which the server has prepared the statement. Empty for a statement without a name. */
  readonly name: string;
  /** SQL text of a statement without a name. The server parses the text before it runs the statement. */
  readonly text?: string;
  readonly args: Statement['args'];
}

const parse = 'P'.charCodeAt(0);
const bind = 'B'.charCodeAt(0);
/** Execute message of PostgreSQL's protocol for the unnamed portal, without a limit of rows. */
const execute = Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0]);
const sync = Buffer.from([0x53, 0, 0, 0, 4]);
/** Size in bytes of a Bind message without its name and its values: type, length, two zero bytes and three counts. */
const emptyBindLength = 1 + 4 + 2 + 3 * 2;
const nullLength = -1;
/** Size of a Parse message without its text: the type, the length, two zero bytes and the number of types. */
const emptyParseLength = 1 + 4 + 2 + 2;

/**
 * Returns the messages of PostgreSQL's protocol that run prepared statements, with one Sync message at the end. The
 * server receives and returns all values as text. One buffer contains all messages, because a socket writes one buffer
 * faster than many small ones.
 */
export function toBatchMessage(calls: readonly StatementCall[]): Buffer {
  const texts = calls.map(({ args }) => args.map((value) => (value === null ? null : String(value))));
  const lengths = calls.map(({ name }, place) => bindLength(name, texts[place] ?? []));
  const parseLengths = calls.map(({ text }) => (text === undefined ? 0 : emptyParseLength + Buffer.byteLength(text)));
  const total = calls.reduce(
    (sum, _, place) => sum + (parseLengths[place] ?? 0) + (lengths[place] ?? 0) + execute.length,
    sync.length,
  );
  const message = Buffer.allocUnsafe(total);
  let at = 0;
  for (const [place, { name, text }] of calls.entries()) {
    if (text !== undefined) at = writeParse(message, at, text, parseLengths[place] ?? 0);
    at = writeBind(message, at, name, texts[place] ?? [], lengths[place] ?? 0);
    at += execute.copy(message, at);
  }
  sync.copy(message, at);
  return message;
}

function writeParse(message: Buffer, start: number, text: string, length: number): number {
  let at = message.writeUInt8(parse, start);
  at = message.writeInt32BE(length - 1, at);
  at = message.writeUInt8(0, at); // the unnamed statement
  at += message.write(text, at);
  at = message.writeUInt8(0, at);
  return message.writeUInt16BE(0, at); // the server infers the types of the parameters
}

function bindLength(name: string, values: readonly (string | null)[]): number {
  let length = emptyBindLength + Buffer.byteLength(name);
  for (const value of values) length += 4 + (value === null ? 0 : Buffer.byteLength(value));
  return length;
}

function writeBind(
  message: Buffer,
  start: number,
  name: string,
  values: readonly (string | null)[],
  length: number,
): number {
  let at = message.writeUInt8(bind, start);
  at = message.writeInt32BE(length - 1, at);
  at = message.writeUInt8(0, at); // an empty name: the unnamed portal
  at += message.write(name, at);
  at = message.writeUInt8(0, at);
  at = message.writeUInt16BE(0, at); // no format codes: all values are text
  at = message.writeUInt16BE(values.length, at);
  for (const value of values) {
    if (value === null) {
      at = message.writeInt32BE(nullLength, at);
      continue;
    }
    const size = message.write(value, at + 4);
    message.writeInt32BE(size, at);
    at += 4 + size;
  }
  return message.writeUInt16BE(0, at); // no format codes: all result columns are text
}
