import type { Dialect } from '../sql/dialect';
import type { Row, Statement } from '../sql/statement';
import type { Query } from './transaction';

/** One state of a whole database: all queries see the same moment. */
export interface Snapshot {
  readonly dialect: Dialect;
  readonly query: Query;
  /**
   * Reads the rows of one statement, `size` at a time, on an engine that can run other statements meanwhile. Absent on
   * other engines: there, each part is read by a statement of its own, which begins after the previous part.
   */
  readonly scan?: (statement: Statement, size: number) => AsyncIterable<readonly Row[]>;
}
