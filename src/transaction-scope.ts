import { DatabaseOperations } from './database-operations';

/**
 * Argument of the callback of `db.transaction`: the same services, bound to one transaction. After the callback has
 * ended, every call fails with CONFLICT.
 */
export class TransactionScope extends DatabaseOperations {}
