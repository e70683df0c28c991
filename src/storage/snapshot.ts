import type { Dialect } from '../sql/dialect';
import type { Row, Statement } from '../sql/statement';
import type { Query } from './transaction';

/** State of a whole database at one moment. Later commits do not change the results of queries on the snapshot. */
export interface Snapshot {
  readonly dialect: Dialect;
  readonly query: Query;
  /**
   * Reads the rows of one statement in parts of `size` rows. Other statements can run between two parts. Absent on an
   * engine that needs a separate statement for each part.
   */
  readonly scan?: (statement: Statement, size: number) => AsyncIterable<readonly Row[]>;
}
