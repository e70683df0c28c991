import { DriverAdapterError } from '@prisma/driver-adapter-utils';

/** What is used of the fields of an error that a server reported. */
interface ServerError {
  readonly code: string;
  readonly severity: string;
  readonly message: string;
  readonly detail: string | undefined;
  readonly column: string | undefined;
  readonly hint: string | undefined;
}

/**
 * What the schema engine is told about a failure: the server's own words. The kinds that a client's adapter tells apart
 * would come out as messages about models and fields, which no migration has.
 */
export function toEngineError(error: unknown): DriverAdapterError {
  const { code, severity, message, detail, column, hint } = toServerError(error);
  return new DriverAdapterError({ kind: 'postgres', code, severity, message, detail, column, hint });
}

/** By its shape: a failure of the connection is an error of Node.js, without a severity. */
function toServerError(error: unknown): ServerError {
  const text = (name: string): string | undefined => {
    const value: unknown = error instanceof Object ? Reflect.get(error, name) : undefined;
    return typeof value === 'string' ? value : undefined;
  };
  return {
    code: text('code') ?? 'N/A',
    severity: text('severity') ?? 'FATAL',
    message: text('message') ?? String(error),
    detail: text('detail'),
    column: text('column'),
    hint: text('hint'),
  };
}
