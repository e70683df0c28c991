import { isExportHeader } from '../../move/export-file';
import { readLines } from '../../move/read-lines';

/** Returns `export` for a file that the command `export` has written, and `documents` for any other file. */
export async function readFormat(path: string): Promise<'export' | 'documents'> {
  for await (const { text } of readLines(path)) return isExportHeader(parse(text)) ? 'export' : 'documents';
  return 'documents';
}

function parse(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '') as unknown;
  } catch {
    return undefined;
  }
}
