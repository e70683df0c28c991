import type { Client } from 'pg';
import { findSqlState } from '../../src/engines/postgresql/sql-state';
import { EngineError } from './engine-error';

/** Target of a connection, for error messages. */
type Target = Pick<Client, 'host' | 'port' | 'user' | 'database'>;

type Describe = (target: Target, message: string) => string;

/** Error codes and messages of Prisma for refused connections, by SQLSTATE. */
const refusals: Readonly<Record<string, readonly [code: string, describe: Describe]>> = {
  '28P01': ['P1000', describeAuthenticationFailure],
  '28000': ['P1010', describeDenial],
  '42501': ['P1010', describeDenial],
  '3D000': ['P1003', ({ database = '' }) => `Database \`${database}\` does not exist`],
  '53300': ['P2037', (_, message) => `Too many database connections opened: ${message}`],
  '57P03': ['P1001', describeSilence],
};

/**
 * Matches the system's errors for an unreachable server. Some host names have several addresses, which fail together.
 */
const unreachable = /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ENOENT|EACCES)$/;

/** Returns the error for Prisma's CLI when a connection fails. The error contains neither the URL nor the password. */
export function toConnectionError(error: unknown, target: Target): unknown {
  if (!(error instanceof Error)) return error;
  const refusal = refusals[findSqlState(error) ?? ''];
  if (refusal !== undefined) return new EngineError(refusal[0], refusal[1](target, error.message));
  const isUnreachable = 'code' in error && typeof error.code === 'string' && unreachable.test(error.code);
  if (isUnreachable || error.message.includes('timeout')) return new EngineError('P1001', describeSilence(target));
  if (/^SASL|password/.test(error.message)) return new EngineError('P1000', describeAuthenticationFailure(target));
  if (/SSL|TLS|certificate/i.test(error.message)) {
    return new EngineError('P1011', `Error opening a TLS connection: ${error.message}`);
  }
  return error;
}

function describeAuthenticationFailure({ user = '' }: Target): string {
  return (
    `Authentication failed against database server, the provided database credentials for \`${user}\` are not valid.` +
    '\n\nPlease make sure to provide valid database credentials for the database server at the configured address.'
  );
}

function describeDenial({ user = '', database = '' }: Target, message: string): string {
  return `User \`${user}\` was denied access on the database \`${database}\`: ${message}`;
}

function describeSilence({ host, port }: Target): string {
  const address = `\`${host}:${port}\``;
  return `Can't reach database server at ${address}\n\nPlease make sure your database server is running at ${address}.`;
}
