import type { Dialect } from '../sql/dialect';
import type { Row, Statement } from '../sql/statement';
import type { Query } from './transaction';

/** State of a whole database at one moment. All queries see this state. */
export interface Snapshot {
  readonly dialect: Dialect;
  readonly query: Query;
  /**
   * Reads the rows of one statement, `size` at a time. Other statements can run before all rows are read. Absent on an
   * engine that cannot do this: there, each part of the rows needs a separate statement.
   */
  readonly scan?: (statement: Statement, size: number) => AsyncIterable<readonly Row[]>;
}
