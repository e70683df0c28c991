import { DatabaseOperations } from './database-operations';

/**
 * What the callback of `db.transaction` is given: the same services, bound to one transaction. After the callback has
 * ended, every call fails with CONFLICT.
 */
export class TransactionScope extends DatabaseOperations {}
