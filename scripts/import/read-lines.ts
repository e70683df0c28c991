import { createReadStream } from 'node:fs';

/** A line of a file. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without what ended it; null where the bytes are no UTF-8. */
  readonly text: string | null;
  /** Offset of the next line, in bytes. */
  readonly endOffset: number;
}

const lineFeed = 0x0a;

/**
 * The lines of a file, one at a time, whatever its size. Unlike `readline` of Node it splits at line feeds only: JSON may
 * hold the separators U+2028 and U+2029 within its strings.
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  let number = 0;
  let endOffset = 0;
  // A line may come in many chunks; joining them once keeps a long line from being copied over and over.
  let pending: Buffer[] = [];
  const finish = (last: Buffer): Line => {
    const bytes = Buffer.concat([...pending, last]);
    pending = [];
    number += 1;
    endOffset += bytes.length + 1;
    return { number, text: decode(bytes, number), endOffset };
  };
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
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
    // A byte order mark, if there is one, begins the file and is no part of its text.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: number > 1 }).decode(bytes);
  } catch {
    return null;
  }
}
