import type { FindingSink } from '../../storage/findings';
import { checkPart } from '../../integrity/walker';
import { convertRejection } from '../../runtime/convert-errors';
import { classifySqliteError } from './errors/classify';

/** Checks a part of a SQLite database, like {@link checkPart}; `work` may fail with errors of the driver. */
export function checkSqlitePart(part: string, findings: FindingSink, work: () => Promise<void>): Promise<void> {
  return checkPart(part, findings, () => convertRejection(classifySqliteError, work));
}
