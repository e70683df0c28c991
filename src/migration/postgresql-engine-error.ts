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

/** What the schema engine is told about one of its own statements that failed: it goes on after some, by their code. */
export function toEngineError(error: unknown): DriverAdapterError {
  return new DriverAdapterError({ kind: 'postgres', ...toServerError(error) });
}

/**
 * What the engine is told about a script that failed: the server's own words. For the codes that it knows it would put
 * words of its own, which say less.
 */
export function toScriptError(error: unknown): DriverAdapterError {
  const { code, message, ...rest } = toServerError(error);
  return new DriverAdapterError({ kind: 'postgres', ...rest, code: 'N/A', message: `${message} (SQLSTATE ${code})` });
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
