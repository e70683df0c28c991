import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDatabaseUrl } from '../../src/options/database-url';
import { ExportFile } from '../../src/move/export-file';
import type { MoveResult } from '../../src/move/move-database';
import { exportFrom, importExport, type StoredDatabase } from '../../src/move/transfer';
import { temporaryDirectory } from '../support/test-database';

const nothing = (): void => undefined;
const observer = { begin: nothing, advance: nothing, end: nothing };
/** Small batches, so that tables have several. */
const limits = { rows: 7, characters: 100_000 };

function locate(url: string): StoredDatabase {
  const location = parseDatabaseUrl(url);
  if (location.kind === 'memory') throw new Error('a database in memory cannot be exported');
  return { url, location };
}

/** Returns the text of an export. Calls `onPart` after each of its parts. */
export async function exportText(
  url: string,
  onPart: () => Promise<unknown> = () => Promise.resolve(),
): Promise<string> {
  let text = '';
  const write = async (part: string): Promise<void> => {
    text += part;
    await onPart();
  };
  await exportFrom(locate(url), { limits, observer, write });
  return text;
}

/** Verifies the text of an export and fills a database from it. */
export async function importText(text: string | Buffer, url: string): Promise<MoveResult> {
  const path = join(temporaryDirectory(), 'export.ndjson');
  writeFileSync(path, text);
  const file = await ExportFile.verify(path, nothing);
  expect(readFileSync(path).equals(Buffer.from(text))).toBe(true);
  return importExport(file, locate(url), { limits, observer });
}
