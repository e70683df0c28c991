import type { IsolationLevel, SqlDriverAdapter, Transaction } from '@prisma/driver-adapter-utils';

/** Prisma's way to a transaction that is open already. */
export interface OpenTransaction extends Omit<SqlDriverAdapter, 'startTransaction' | 'dispose'> {
  /** Throws where this is not the isolation of the transaction. */
  readonly checkIsolation: (isolationLevel: IsolationLevel | undefined) => void;
}

/** A driver adapter all of whose statements are part of a transaction: one of Prisma's own inside it is a savepoint. */
export function nestTransactions({ checkIsolation, ...queryable }: OpenTransaction): SqlDriverAdapter {
  const executeScript = (script: string): Promise<void> => queryable.executeScript(script);
  return {
    ...queryable,
    startTransaction: async (isolationLevel) => {
      checkIsolation(isolationLevel);
      await executeScript('SAVEPOINT prisma_transaction');
      return {
        ...queryable,
        // Commit and rollback are ours to send, not Prisma's.
        options: { usePhantomQuery: true },
        commit: () => executeScript('RELEASE prisma_transaction'),
        rollback: () => executeScript('ROLLBACK TO prisma_transaction; RELEASE prisma_transaction'),
        ...createSavepoints(executeScript),
      };
    },
    dispose: () => Promise.resolve(),
  };
}

/** Prisma's savepoints. Their names are Prisma's own (a letter and a number), never a caller's. */
export function createSavepoints(
  run: (command: string) => Promise<void>,
): Required<Pick<Transaction, 'createSavepoint' | 'rollbackToSavepoint' | 'releaseSavepoint'>> {
  return {
    createSavepoint: (name) => run(`SAVEPOINT "${name}"`),
    rollbackToSavepoint: (name) => run(`ROLLBACK TO "${name}"`),
    releaseSavepoint: (name) => run(`RELEASE "${name}"`),
  };
}
