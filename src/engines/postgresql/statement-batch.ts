import { DatabaseError, Query, type Connection, type PoolClient } from 'pg';
import type { Row, Statement, StatementResult } from '../../sql/statement';
import { toBatchMessage, type StatementCall } from './batch-message';
import { commitStatement, isControl } from './control-statements';
import { isConnectionFault } from './errors/classify';
import { unexpectedEnd } from './guarded-connection';
import { ManagedClient } from './managed-client';
import { parserOf } from './value-parsers';

/** Time in milliseconds after a response of the server during which the connection is assumed to be alive. */
const freshMs = 1000;

/** Result of a statement, with the name of its command, such as INSERT. */
export interface CommandResult extends StatementResult {
  /** Undefined when the server has reported the end of the statement without the name of its command. */
  readonly command: string | undefined;
}

/** Execution of a statement, with the types of the result columns. */
interface TypedCall extends StatementCall {
  readonly typeIds: readonly number[];
}

/**
 * Prepared statements that are sent with one Sync message of the protocol. When a statement fails, the server skips the
 * later ones. Outside a transaction, the server runs all of them as one transaction, without BEGIN and COMMIT. See
 * "Pipelining" in the chapter of PostgreSQL's manual about the protocol.
 *
 * The driver calls the methods `handleDataRow` and `handleCommandComplete`, which its types omit. These methods collect
 * the results without the descriptions of rows, which the server would otherwise have to send again.
 */
class StatementBatch extends Query {
  override readonly submit: (connection: Connection) => void;
  readonly results: CommandResult[] = [];
  readonly #calls: readonly TypedCall[];
  #rows: Row[] = [];

  constructor(calls: readonly TypedCall[], callback: (error: Error | null) => void) {
    // The cast is necessary: contrary to the driver's types, the error may be null.
    super('', undefined, callback as unknown as ConstructorParameters<typeof Query>[2]);
    this.#calls = calls;
    // Encodes the message before the driver knows the batch: after an error in `submit`, the driver would wait for a
    // response.
    const message = toBatchMessage(calls);
    this.submit = ({ stream }) => {
      if (stream.writable) stream.write(message);
    };
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const typeIds = this.#calls[this.results.length]?.typeIds ?? [];
    this.#rows.push(
      fields.map((value, column) => {
        const parse = value === null ? undefined : parserOf(typeIds[column] ?? 0);
        return parse === undefined || value === null ? value : parse(value);
      }),
    );
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    // The tag consists of the name of the command and, for most commands, of numbers. The last number is the number of
    // rows.
    const [, command, count = '0'] = /^([A-Z]+)(?: \d+)*?(?: (\d+))?$/.exec(text) ?? [];
    this.results.push({ command, rows: this.#rows, changes: command === 'SELECT' ? 0 : Number(count) });
    this.#rows = [];
  }
}

/**
 * Reports whether statements can be sent as one batch. The connection must have prepared all of them, and their results
 * must have no bounds.
 */
export function canBeBatch(client: PoolClient, statements: readonly Statement[]): boolean {
  if (!(client instanceof ManagedClient)) return false;
  return statements.every(({ sql, bounds }) => bounds === undefined && client.hasPrepared(sql));
}

/**
 * Reports whether the server has responded within the last second. Otherwise the connection may be lost, and BEGIN must
 * be sent first: if BEGIN fails, certainly nothing was committed.
 */
export function isFresh(client: PoolClient): boolean {
  return client instanceof ManagedClient && performance.now() - client.lastResponseAt <= freshMs;
}

/**
 * Sends statements as one batch. {@link canBeBatch} must return true for them, except that BEGIN may be the first and
 * COMMIT the last statement. Returns the result of each statement.
 *
 * @param report - called with the results of the statements that have succeeded, even if a later statement fails.
 * @throws the error of the first statement that has failed.
 */
export async function runBatch(
  client: PoolClient,
  statements: readonly Statement[],
  report?: (results: readonly CommandResult[]) => void,
): Promise<readonly CommandResult[]> {
  // Does not send an empty batch. The server would respond to the Sync message without a result, as if a response were
  // lost.
  if (statements.length === 0) return [];
  const managed = client instanceof ManagedClient ? client : undefined;
  const calls = statements.map((statement) => {
    const { sql, args } = statement;
    if (isControl(statement)) return { name: '', text: sql, args, typeIds: [] };
    const name = managed?.nameOf(sql) ?? '';
    return { name, args, typeIds: managed?.typeIdsOf(name) ?? [] };
  });
  const results = await new Promise<readonly CommandResult[]>((resolve, reject) => {
    const batch = new StatementBatch(calls, (error) => {
      report?.(batch.results);
      if (error === null || hasEnded(statements, batch.results, error)) resolve(batch.results);
      else reject(error);
    });
    client.query(batch);
  });
  if (results.length !== statements.length || results.some(({ command }) => command === undefined))
    throw unexpectedEnd();
  managed?.markActive();
  return results;
}

// Reports whether the server has responded to COMMIT before it reported an error. Such an error does not change the
// outcome. For example, the server checks for a cancellation once more after it has logged the duration of COMMIT.
function hasEnded(statements: readonly Statement[], results: readonly CommandResult[], error: Error): boolean {
  if (statements.at(-1) !== commitStatement || results.length !== statements.length) return false;
  return error instanceof DatabaseError && !isConnectionFault(error);
}
