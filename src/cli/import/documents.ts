import { readFile } from 'node:fs/promises';
import { readLines } from '../../move/read-lines';
import { CommandError } from '../command-error';

/** Document in an imported file, with its place. */
export interface NumberedDocument {
  /** Place of the document in the file: the line, or the position in the array, from 1. */
  readonly place: string;
  /** Parsed JSON of the document; undefined when its text is not valid JSON. */
  readonly value: unknown;
}

/** Maximum size in bytes of a file that is a single JSON text. Such a file is read into memory as a whole. */
const maxJsonBytes = 256 * 1024 * 1024;

/**
 * Reads the documents of a file. The file contains one JSON object, a JSON array, or lines of JSON, which are read one
 * by one. An object with the array `servers` is a list of the MCP registry.
 *
 * @throws CommandError when the file is empty, or when a file that is one JSON text is too large or invalid.
 */
export async function* readDocuments(path: string, bytes: number): AsyncGenerator<NumberedDocument> {
  if (!(await hasLinesOfJson(path))) {
    yield* readWholeFile(path, bytes);
    return;
  }
  for await (const { number, text } of readLines(path)) {
    if (text?.trim() !== '') yield* elementsOf(parse(text ?? ''), `line ${number}`);
  }
}

/** Reports whether the first line of a file that is not blank is a whole JSON object. */
async function hasLinesOfJson(path: string): Promise<boolean> {
  for await (const { text } of readLines(path)) {
    if (text?.trim() === '') continue;
    const value = parse(text ?? '');
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  }
  // Rejects an empty file, which is probably a mistake: the output of a failed command, or a truncated export.
  throw new CommandError('the file is empty');
}

async function* readWholeFile(path: string, bytes: number): AsyncGenerator<NumberedDocument> {
  if (bytes > maxJsonBytes) throw new CommandError('the file is too large for one JSON text: use lines of JSON');
  const value = parse(decode(await readFile(path)));
  if (value === undefined) throw new CommandError('the file is neither JSON nor lines of JSON, in UTF-8');
  if (!Array.isArray(value)) {
    yield* elementsOf(value, 'document 1');
    return;
  }
  for (const [index, element] of value.entries()) yield* elementsOf(element, `document ${index + 1}`);
}

function* elementsOf(value: unknown, place: string): Generator<NumberedDocument> {
  const servers = typeof value === 'object' && value !== null && 'servers' in value ? value.servers : undefined;
  if (!Array.isArray(servers)) {
    yield { place, value };
    return;
  }
  for (const [index, server] of servers.entries()) yield { place: `${place}, servers[${index}]`, value: server };
}

/** Decodes UTF-8 bytes and removes a byte order mark. Returns an empty text when the bytes are not valid UTF-8. */
function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return '';
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
