import { DriverAdapterError } from '@prisma/driver-adapter-utils';

/** Properties of an error that the PostgreSQL server reports. */
interface ServerError {
  readonly code: string;
  readonly severity: string;
  readonly message: string;
  readonly detail: string | undefined;
  readonly column: string | undefined;
  readonly hint: string | undefined;
}

/** Converts the error of one of the engine's own statements. The engine continues after errors with certain codes. */
export function toEngineError(error: unknown): DriverAdapterError {
  return new DriverAdapterError({ kind: 'postgres', ...toServerError(error) });
}

/**
 * Converts the error of a script to one with a code that the schema engine does not know. For a known code, the engine
 * would replace the server's message by a less precise one.
 */
export function toScriptError(error: unknown): DriverAdapterError {
  const { code, message, ...rest } = toServerError(error);
  return new DriverAdapterError({ kind: 'postgres', ...rest, code: 'N/A', message: `${message} (SQLSTATE ${code})` });
}

/**
 * Returns the properties of a server's error. Recognizes such an error by its severity, which an error of the
 * connection does not have.
 */
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
