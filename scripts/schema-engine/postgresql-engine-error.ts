import { DriverAdapterError } from '@prisma/driver-adapter-utils';

/** Used properties of an error that a server reported. */
interface ServerError {
  readonly code: string;
  readonly severity: string;
  readonly message: string;
  readonly detail: string | undefined;
  readonly column: string | undefined;
  readonly hint: string | undefined;
}

/**
 * Returns the error of one of the schema engine's own statements: the engine continues after some errors, by their
 * code.
 */
export function toEngineError(error: unknown): DriverAdapterError {
  return new DriverAdapterError({ kind: 'postgres', ...toServerError(error) });
}

/**
 * Returns the error of a failed script with the server's own message. For codes that it knows, the engine would replace
 * the message by a less precise one.
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
