import { formatAmount, formatBytes } from '../../console/format';
import type { StoredLocation } from '../database';
import type { Outcome } from '../report';
import { batchCharacters, RowProgress } from '../row-progress';
import type { Terminal } from '../terminal';
import type { InputFile } from './input-file';

const batchRows = 1000;

/** Fills an empty database from a file that the command `export` has written. */
export async function importWholeDatabase(
  input: InputFile,
  to: StoredLocation,
  isDryRun: boolean,
  terminal: Terminal,
): Promise<Outcome> {
  const { ExportFile } = await import('../../move/export-file.js');
  const { assertImportable, importExport } = await import('../../move/transfer.js');
  const progress = terminal.progress(input.bytes, 'checking the file', formatBytes);
  const file = await ExportFile.verify(input.path, (bytes) => progress?.update(bytes, bytes));
  progress?.end();
  const { rows, sha256 } = file.trailer;
  const amount = formatAmount(
    Object.values(rows).reduce((sum, count) => sum + count, 0),
    'row',
  );
  if (isDryRun) {
    await assertImportable(file, to);
    return { json: { format: 'export', dryRun: true, rows, sha256 }, lines: [`${amount} would be imported`] };
  }
  const limits = { rows: batchRows, characters: batchCharacters };
  const { isSame } = await importExport(file, to, { limits, observer: new RowProgress(terminal) });
  if (!isSame) {
    const lines = [terminal.style.warning('The database would differ from the file: nothing was written.')];
    return { json: { format: 'export', dryRun: false, isSame }, lines, exitCode: 1 };
  }
  return {
    json: { format: 'export', dryRun: false, rows, sha256 },
    lines: [terminal.style.bold(`${amount} imported, the same as in the file`), `SHA-256 ${sha256}`],
  };
}
