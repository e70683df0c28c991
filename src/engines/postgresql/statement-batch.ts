import { Query, type Connection, type PoolClient, type QueryResultBase } from 'pg';
import type { Statement, StatementResult } from '../../sql/statement';
import { lacksOutcome, unexpectedEnd } from './guarded-connection';
import { ManagedClient } from './managed-client';

/** Time in milliseconds after the server's last response during which a connection is assumed to be alive. */
const freshMs = 1000;

type Answer = Pick<QueryResultBase, 'command' | 'rowCount'>;

/**
 * Statements that are sent with a single Sync. The server makes them one transaction without BEGIN and COMMIT
 * ("Pipelining" in the chapter on the protocol of its manual).
 */
class StatementBatch extends Query {
  override readonly submit: (connection: Connection) => void;

  /** @param names - names under which the connection has prepared the statements. */
  constructor(
    statements: readonly Statement[],
    names: readonly (string | undefined)[],
    callback: (error: Error | null, answer: Answer | Answer[]) => void,
  ) {
    // The cast is needed: the driver's types omit that the error may be null, and that there may be several results.
    super('', undefined, callback as unknown as ConstructorParameters<typeof Query>[2]);
    this.submit = (connection) => {
      connection.stream.cork();
      for (const [index, { args }] of statements.entries()) {
        const values = args.map((value) => (value === null ? null : String(value)));
        connection.bind({ statement: names[index], values }, true);
        connection.execute({}, true);
      }
      connection.sync();
      connection.stream.uncork();
    };
  }
}

/**
 * Reports whether statements can be sent as one batch: the server has prepared all of them, and has responded on this
 * connection within the last second. When the connection may be lost, BEGIN should be sent first: if BEGIN fails, it is
 * certain that nothing was committed.
 */
export function canBeBatch(client: PoolClient, statements: readonly Statement[]): boolean {
  if (!(client instanceof ManagedClient) || performance.now() - client.lastResponseAt > freshMs) return false;
  return statements.every(({ sql }) => client.hasPrepared(sql));
}

/** Sends statements that return no rows as one transaction. Returns the result of each. */
export async function runBatch(client: PoolClient, statements: readonly Statement[]): Promise<StatementResult[]> {
  // Without statements, only a Sync would be sent. It has no result, which would look like a lost response.
  if (statements.length === 0) return [];
  const names = statements.map(({ sql }) => (client instanceof ManagedClient ? client.nameOf(sql) : undefined));
  const answer = await new Promise<Answer | Answer[]>((resolve, reject) => {
    client.query(
      new StatementBatch(statements, names, (error, answer) => {
        if (error === null) resolve(answer);
        else reject(error);
      }),
    );
  });
  const answers = [answer].flat();
  if (answers.length !== statements.length || answers.some(lacksOutcome)) throw unexpectedEnd();
  return answers.map(({ rowCount }) => ({ rows: [], changes: rowCount ?? 0 }));
}
