import { inspect } from 'node:util';
import type { DatabaseService, ResolutionQuery, SecurityEventQuery } from '../../src';

/** Call of the package, with the fields of the result that the demo shows. */
export type Question = Call & {
  readonly title: string;
  /** Names of the shown fields. A dot separates the names of nested fields. */
  readonly columns: readonly string[];
};

type Call =
  | { readonly call: 'getAgent' | 'getCertificateByFingerprint'; readonly argument: string }
  | { readonly call: 'queryAgents'; readonly argument: ResolutionQuery }
  | { readonly call: 'querySecurityEvents'; readonly argument: SecurityEventQuery };

/** Makes the call of a question and returns one row of text for each record. */
export async function ask(db: DatabaseService, question: Question): Promise<string[][]> {
  const records = await recordsOf(db, question);
  return records.map((record) => question.columns.map((column) => format(fieldOf(record, column.split('.')))));
}

async function recordsOf(db: DatabaseService, question: Question): Promise<readonly unknown[]> {
  switch (question.call) {
    case 'queryAgents':
      return db.queryAgents(question.argument);
    case 'querySecurityEvents':
      return db.querySecurityEvents(question.argument);
    default:
      return [await db[question.call](question.argument)];
  }
}

/** Returns the call of a question as TypeScript. */
export function sourceOf({ call, argument }: Question): string {
  const source = inspect(argument, { breakLength: 90 })
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, `new Date('$&')`)
    .replaceAll(/\[ (.*?) \]/g, '[$1]');
  // A text of this length is a fingerprint, which is shown on a separate line.
  return typeof argument === 'string' && source.length > 60 ? `db.${call}(\n  ${source},\n)` : `db.${call}(${source})`;
}

function fieldOf(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return value;
  if (Array.isArray(value)) return value.map((element) => fieldOf(element, [name, ...rest]));
  return value instanceof Object ? fieldOf(Reflect.get(value, name), rest) : undefined;
}

function format(value: unknown): string {
  if (value === undefined || value === null) return '-';
  if (value instanceof Date) return `${value.toISOString().slice(0, 16)}Z`;
  if (Array.isArray(value)) return value.map(format).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
