import type { Dialect } from '../sql/dialect';
import type { Row, Statement } from '../sql/statement';
import type { Query } from './transaction';

/** State of a whole database at one moment. Later commits do not change the results of its queries. */
export interface Snapshot {
  readonly dialect: Dialect;
  readonly query: Query;
  /**
   * Reads the rows of one statement, `size` at a time. Other statements can run between two parts. Absent on an engine
   * that cannot do this: there, each part needs a separate statement.
   */
  readonly scan?: (statement: Statement, size: number) => AsyncIterable<readonly Row[]>;
}
