import type { DatabaseService } from '../../src';

/** Source code of the call in `showRollback`, which the demo shows. */
export const rollbackSource = `db.transaction(async (tx) => {
  await tx.updateAgent({ id: 'demo/customs', status: 'SUSPENDED' });
  await tx.createAgent({ ...agent, id: 'demo/never-registered' });
  throw new Error('the operator cancelled');
})`;

/**
 * Changes two agents in a transaction that fails. Returns their states inside and outside the transaction, step by
 * step.
 */
export async function showRollback(db: DatabaseService): Promise<string[][]> {
  const statesIn = async (reader: Pick<DatabaseService, 'getAgent'>): Promise<string> => {
    const agents = [await reader.getAgent('demo/customs'), await reader.getAgent('demo/never-registered')];
    return agents.map((agent) => agent?.status ?? 'absent').join(', ');
  };
  const steps = [['before', '-', await statesIn(db)]];
  const cancelled = new Error('the operator cancelled');
  try {
    await db.transaction(async (tx) => {
      const agent = await tx.getAgent('demo/customs');
      if (agent === null) throw new Error('the demo has not registered its agents');
      await tx.updateAgent({ id: 'demo/customs', status: 'SUSPENDED' });
      await tx.createAgent({ ...agent, id: 'demo/never-registered' });
      steps.push(['both written', await statesIn(tx), await statesIn(db)]);
      throw cancelled;
    });
  } catch (error) {
    // After the rollback, the transaction throws the error of its callback, which is expected here.
    if (error !== cancelled) throw error;
  }
  return [...steps, ['rolled back', '-', await statesIn(db)]];
}
