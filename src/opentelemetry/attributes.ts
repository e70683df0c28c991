import type { Attributes } from '@opentelemetry/api';
import type { DatabaseLocation } from '../options/database-url';

const defaultPort = 5432;

/**
 * Returns the OpenTelemetry attributes that every span and metric has. They identify the database, but do not contain
 * the path of its file.
 */
export function databaseAttributes(location: DatabaseLocation): Attributes {
  if (location.kind !== 'postgresql') return { 'db.system.name': 'sqlite' };
  return { 'db.system.name': 'postgresql', ...serverAttributes(location.connectionString) };
}

function serverAttributes(connectionString: string): Attributes {
  // Omits the server's address when `URL` cannot parse the URL. The PostgreSQL driver accepts such URLs: those with
  // several hosts, or with an unescaped character.
  if (!URL.canParse(connectionString)) return {};
  const { hostname, port, pathname, searchParams } = new URL(connectionString);
  const address = searchParams.get('host') ?? hostname;
  const namespace = pathname.slice(1);
  return {
    ...(address === '' ? undefined : { 'server.address': address }),
    ...(address === '' ? undefined : { 'server.port': Number(searchParams.get('port') ?? port) || defaultPort }),
    ...(namespace === '' ? undefined : { 'db.namespace': namespace }),
  };
}
