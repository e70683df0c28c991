import { randomInt, randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import type { EngineConnection } from './postgresql-adapter';
import { findSqlState } from '../../src/engines/postgresql/sql-state';
import { EngineError, shadowDatabaseFailed } from './engine-error';
import { dropAllObjects } from './postgresql-objects';
import type { PostgresqlServer } from './postgresql-server';
import { toServerText } from './postgresql-server-text';

/** Database to which the shadow databases belong. */
export interface ShadowOrigin {
  readonly server: PostgresqlServer;
  /** Returns the connection to the database itself. */
  readonly connect: () => Promise<Client>;
  /** Returns the schema of the database, which its shadow databases also use. */
  readonly findSchema: () => Promise<string>;
  /** Database to use as the shadow database; by default, one is created and dropped. */
  readonly given: PostgresqlServer | undefined;
}

/** Shadow databases, on which the schema engine replays migrations in order to compare the result with a schema. */
export class ShadowDatabases {
  readonly #origin: ShadowOrigin;
  readonly #made = new Set<() => Promise<void>>();

  constructor(origin: ShadowOrigin) {
    this.#origin = origin;
  }

  /** Opens an empty shadow database. */
  open(): Promise<EngineConnection> {
    const { given } = this.#origin;
    return given === undefined ? this.#make() : this.#empty(given);
  }

  /** Drops the shadow databases that the schema engine has not closed. */
  async close(): Promise<void> {
    for (const remove of [...this.#made]) await remove();
  }

  async #make(): Promise<EngineConnection> {
    const database = `prisma_migrate_shadow_db_${randomUUID()}`;
    const owner = await this.#origin.connect();
    await owner.query(`CREATE DATABASE "${database}"`).catch((error: unknown) => {
      throw shadowDatabaseFailed(findSqlState(error), toServerText(error));
    });
    const client = this.#origin.server.connect(database);
    const remove = async () => {
      this.#made.delete(remove);
      await client.then((connected) => connected.end()).catch(() => undefined);
      // WITH (FORCE) ends connections to the database that a pooler may keep open for some time.
      await owner.query(`DROP DATABASE IF EXISTS "${database}" WITH (FORCE)`);
    };
    this.#made.add(remove);
    return this.#prepare(await client, remove);
  }

  async #empty(given: PostgresqlServer): Promise<EngineConnection> {
    const client = await given.connect();
    if (await this.#isOriginItself(client)) {
      await client.end();
      throw new EngineError('P3014', 'The shadow database is the database itself: it would lose everything in it.');
    }
    const connection = await this.#prepare(client, () => client.end());
    await dropAllObjects(client);
    return connection;
  }

  /**
   * Reports whether a connection leads to the origin. Uses an advisory lock, because two different URLs can name one
   * database.
   */
  async #isOriginItself(other: Client): Promise<boolean> {
    const own = await this.#origin.connect();
    const key = randomInt(2 ** 31);
    await own.query('SELECT pg_advisory_lock($1)', [key]);
    try {
      const { rows } = await other.query<{ free: boolean }>('SELECT pg_try_advisory_lock($1) AS free', [key]);
      return rows[0]?.free !== true;
    } finally {
      await own.query('SELECT pg_advisory_unlock($1)', [key]);
    }
  }

  async #prepare(client: Client, close: () => Promise<void>): Promise<EngineConnection> {
    const schema = await this.#origin.findSchema();
    await this.#origin.server.useSchema(client, schema);
    return { connect: () => Promise.resolve(client), schema, lock: () => Promise.resolve(), close };
  }
}
