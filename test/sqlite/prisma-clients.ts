import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDriver, { type Database } from '../support/sqlite-driver';
import type { SqliteDatabase } from '../../src/engines/sqlite/database';
import { PrismaClient, type Prisma } from '../../src/generated/prisma/client';
import { sqliteTemplate } from '../support/sqlite-template';
import { afterTest, temporaryDirectory } from '../support/test-database';
import { adapterFactory } from '../../src/prisma/prisma-adapter';
import { sqliteBinding } from '../../src/prisma/sqlite-binding';
import type { DatabaseSession } from '../../src/runtime/session';
import { openBareSession } from './bare-session';

/** Prisma Client on a database of the package's schema. */
interface ClientDatabase {
  readonly path: string;
  readonly database: SqliteDatabase;
  readonly session: DatabaseSession;
  readonly client: PrismaClient;
}

/** Opens an empty database with Prisma Client on our adapter; both are closed after the test. */
export async function openClient(busyTimeoutMs = 50): Promise<ClientDatabase> {
  const path = join(temporaryDirectory(), 'test.sqlite');
  copyFileSync(await sqliteTemplate(), path);
  const { database, session } = await openBareSession(path, busyTimeoutMs);
  const adapter = adapterFactory(session, sqliteBinding('milliseconds'));
  const client = new PrismaClient({ adapter, errorFormat: 'minimal' });
  afterTest(() => client.$disconnect());
  return { path, database, session, client };
}

/** Opens another connection to a database file, which waits for no lock. */
export function openForeignConnection(path: string): Database {
  const driver = new SqliteDriver(path, { timeout: 0 });
  afterTest(() => void driver.close());
  return driver;
}

function certificateRow(id: string): Prisma.CertificateCreateInput {
  return {
    id,
    subject: `CN=${id}`,
    issuer: 'CN=ca',
    notBefore: new Date('2026-01-01T00:00:00.000Z'),
    notAfter: new Date('2027-01-01T00:00:00.001Z'),
    publicKey: 'key',
    certificate: 'pem',
    fingerprint: id,
    fingerprintKey: id,
    status: 'VALID',
    createdAt: new Date('2026-06-01T12:00:00.123Z'),
  };
}

export function agentRow(id: string, certificateId: string): Prisma.AgentCreateInput {
  return {
    id,
    name: `Agent ${id}`,
    publicKey: 'key',
    version: '1.0.0',
    createdAt: new Date('2026-06-01T12:00:00.123Z'),
    updatedAt: new Date('2026-06-01T12:00:00.456Z'),
    expiresAt: new Date('2027-06-01T12:00:00.789Z'),
    status: 'ACTIVE',
    owner: 'owner',
    certificate: { connectOrCreate: { where: { id: certificateId }, create: certificateRow(certificateId) } },
  };
}

export function create(client: Pick<PrismaClient, 'certificate'>, id: string) {
  return client.certificate.create({ data: certificateRow(id) });
}

/** Returns the ids of the committed certificates, read without the package. */
export function committedIds(path: string): unknown[] {
  const driver = new SqliteDriver(path, { readonly: true });
  try {
    return driver.prepare('SELECT id FROM certificates ORDER BY id').pluck().all();
  } finally {
    driver.close();
  }
}
