import type { AgentRecord, DatabaseService, ResolutionQuery, SecurityEvent, SecurityEventQuery } from '../../src';
import type { Column } from '../console/table';
import { toSource } from './to-source';

/** Something to ask the database, with the columns of the answer that show why it is right. */
export interface Question {
  readonly title: string;
  /** The call as one would write it. */
  readonly call: string;
  readonly columns: readonly Column[];
  /** The rows of the answer. */
  readonly ask: (db: DatabaseService) => Promise<string[][]>;
}

/** A column with what it shows of a record. */
export type Shown<T> = readonly [title: string, show: (record: T) => string, align?: 'right'];

/** A question by a resolution query. */
export function agentQuestion(title: string, query: ResolutionQuery, shown: readonly Shown<AgentRecord>[]): Question {
  return question(title, `db.queryAgents(${toSource(query)})`, shown, (db) => db.queryAgents(query));
}

/** A question for security events. */
export function eventQuestion(
  title: string,
  query: SecurityEventQuery,
  shown: readonly Shown<SecurityEvent>[],
): Question {
  return question(title, `db.querySecurityEvents(${toSource(query)})`, shown, (db) => db.querySecurityEvents(query));
}

/** A question by any other call. */
export function question<T>(
  title: string,
  call: string,
  shown: readonly Shown<T>[],
  ask: (db: DatabaseService) => Promise<readonly T[]>,
): Question {
  return {
    title,
    call,
    columns: shown.map(([columnTitle, , align]) => ({ title: columnTitle, align: align ?? 'left' })),
    ask: async (db) => (await ask(db)).map((record) => shown.map(([, show]) => show(record))),
  };
}
