import type { FindingSink } from '../../../storage/findings';
import { convertRejection } from '../../../runtime/convert-errors';
import { classifySqliteError } from '../errors/classify';

/**
 * Checks a part of a SQLite database, like {@link FindingSink.checkPart}. In addition, `check` may fail with errors of
 * the driver.
 */
export function checkSqlitePart(part: string, findings: FindingSink, check: () => Promise<void>): Promise<void> {
  return findings.checkPart(part, () => convertRejection(classifySqliteError, check));
}
