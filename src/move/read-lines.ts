import { createReadStream } from 'node:fs';

/** Line of a text file. */
export interface Line {
  /** Number of the line, from 1. */
  readonly number: number;
  /** Text of the line without the line feed; null when the bytes are not valid UTF-8. */
  readonly text: string | null;
  /** Offset in bytes at which the next line of the file begins. */
  readonly endOffset: number;
}

/** Section of a file, given by two offsets in bytes. */
export interface Section {
  readonly start?: number;
  /** Offset after the last byte of the section. */
  readonly end?: number;
}

const lineFeed = 0x0a;

/**
 * Reads a file line by line. Unlike Node's `readline`, splits only at line feeds, because JSON strings may contain the
 * separators U+2028 and U+2029.
 *
 * @param section - part of the file to read. Default: the whole file.
 */
export async function* readLines(
  path: string,
  { start: first = 0, end: last = Infinity }: Section = {},
): AsyncGenerator<Line> {
  if (last <= first) return;
  let number = 0;
  let endOffset = first;
  // Collects the chunks of the current line, and joins them once. Otherwise the text of a long line would be copied
  // repeatedly.
  let pending: Buffer[] = [];
  const finish = (last: Buffer): Line => {
    const bytes = Buffer.concat([...pending, last]);
    pending = [];
    number += 1;
    endOffset += bytes.length + 1;
    return { number, text: decode(bytes, number), endOffset };
  };
  for await (const chunk of createReadStream(path, { start: first, end: last - 1 }) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      yield finish(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start < chunk.length) pending.push(chunk.subarray(start));
  }
  if (pending.length > 0) yield finish(Buffer.alloc(0));
}

function decode(bytes: Buffer, number: number): string | null {
  try {
    // Removes a byte order mark at the beginning of the file.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: number > 1 }).decode(bytes);
  } catch {
    return null;
  }
}
