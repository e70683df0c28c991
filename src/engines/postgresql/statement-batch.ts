import { Query, type Connection, type PoolClient, type QueryResultBase } from 'pg';
import type { Statement, StatementResult } from '../../sql/statement';
import { lacksOutcome, unexpectedEnd } from './guarded-connection';
import { ManagedClient } from './managed-client';

/** Time in milliseconds after a response of the server during which the connection is assumed to be alive. */
const freshMs = 1000;

type Answer = Pick<QueryResultBase, 'command' | 'rowCount'>;

/**
 * Several statements that are sent with one Sync message of the protocol. The server runs them as one transaction,
 * without BEGIN and COMMIT. See "Pipelining" in the chapter of PostgreSQL's manual about the protocol.
 */
class StatementBatch extends Query {
  override readonly submit: (connection: Connection) => void;

  /**
   * Creates a batch of statements.
   *
   * @param names - names under which the connection has prepared the statements.
   */
  constructor(
    statements: readonly Statement[],
    names: readonly (string | undefined)[],
    callback: (error: Error | null, answer: Answer | Answer[]) => void,
  ) {
    // The cast is necessary: contrary to the driver's types, the error may be null, and there may be several results.
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
 * Reports whether statements can be sent as one batch. The connection must have prepared all of them, and the server
 * must have responded within the last second. Otherwise the connection may be lost, and BEGIN must be sent first: if
 * BEGIN fails, certainly nothing was committed.
 */
export function canBeBatch(client: PoolClient, statements: readonly Statement[]): boolean {
  if (!(client instanceof ManagedClient) || performance.now() - client.lastResponseAt > freshMs) return false;
  return statements.every(({ sql }) => client.hasPrepared(sql));
}

/** Sends statements that return no rows as one transaction. Returns the result of each statement. */
export async function runBatch(client: PoolClient, statements: readonly Statement[]): Promise<StatementResult[]> {
  // Does not send an empty batch. The server would respond to the Sync message without a result, as if a response were
  // lost.
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
