import type { DatabaseService } from '../../src';

/** States of two agents at one moment, as the transaction and as all other callers see them. */
export type Moment = readonly [when: string, inTransaction: string, outside: string];

const suspended = 'demo/customs';
const registered = 'demo/never-registered';

/** Suspends one agent and registers another, then changes its mind: neither has happened. */
export async function rollBack(db: DatabaseService): Promise<Moment[]> {
  const look = async (reader: Pick<DatabaseService, 'getAgent'>): Promise<string> => {
    const [first, second] = [await reader.getAgent(suspended), await reader.getAgent(registered)];
    return `${first?.status ?? 'absent'}, ${second?.status ?? 'absent'}`;
  };
  const moments: Moment[] = [['before', '-', await look(db)]];
  const changeOfMind = new Error('the operator changed her mind');
  try {
    await db.transaction(async (tx) => {
      const agent = await tx.getAgent(suspended);
      if (agent === null) throw changeOfMind;
      await tx.updateAgent({ id: suspended, status: 'SUSPENDED' });
      await tx.createAgent({ ...agent, id: registered, name: 'Never registered' });
      moments.push(['both written', await look(tx), await look(db)]);
      throw changeOfMind;
    });
  } catch (error) {
    // The error that the callback throws is rethrown unchanged, after the rollback.
    if (error !== changeOfMind) throw error;
  }
  moments.push(['rolled back', '-', await look(db)]);
  return moments;
}
