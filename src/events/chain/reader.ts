import type { Query } from '../../storage/transaction';
import type { ChainStatements } from './statements';

/** Reads the chain of one database. */
export interface ChainReader {
  readonly query: Query;
  readonly statements: ChainStatements;
}
