import type { Query } from '../../storage/transaction';
import type { VerificationStatements } from './verification-statements';

/** Reads the event chain of one database. */
export interface ChainReader {
  readonly query: Query;
  readonly statements: VerificationStatements;
}
