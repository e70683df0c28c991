import type { Attributes } from '@opentelemetry/api';
import type { DatabaseLocation } from '../options/database-url';

const defaultPort = 5432;

/** Returns the attributes of every span and metric: which database it is. A path of a file is not included. */
export function databaseAttributes(location: DatabaseLocation): Attributes {
  if (location.kind !== 'postgresql') return { 'db.system.name': 'sqlite' };
  return { 'db.system.name': 'postgresql', ...serverAttributes(location.connectionString) };
}

function serverAttributes(connectionString: string): Attributes {
  // A URL of several hosts, or with an unescaped character, is one that the driver reads and this class does not.
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
