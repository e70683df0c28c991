import type { CheckFinding } from '../../src';
import { onPostgresql } from '../support/engine';
import { spoilDatabase } from '../support/postgresql-databases';
import { runRaw } from '../support/raw-client';
import { changeSqliteUnchecked, dropChecks } from '../support/raw-writer';
import { openTestDatabase, type TestDatabase } from '../support/test-database';
import { fill } from '../support/sound-database';

export type Damage = readonly [what: string, sql: string, found: readonly Partial<CheckFinding>[]];

/** Changes a database as no program may: without its foreign keys, CHECK constraints and triggers. */
export async function damage({ options: { url } }: TestDatabase, sql: string): Promise<void> {
  if (onPostgresql) {
    const isInvalid = /SET (port|revocation_reason|not_after)/.test(sql);
    if (isInvalid || /ALTER|DROP|pg_index/.test(sql)) spoilDatabase(url);
    const statements = [...(isInvalid ? [dropChecks] : []), 'SET session_replication_role = replica', sql];
    await runRaw(url, `${statements.join('; ')}; SET session_replication_role = DEFAULT`);
    return;
  }
  changeSqliteUnchecked(url, sql);
}

/** Records of `fill` that most findings are about. */
export const whole = { entity: 'agent', id: 'whole' } as const;
export const c1 = { entity: 'certificate', id: 'c1' } as const;

/** A test for each of them. */
export function testDamages(damages: readonly Damage[]): void {
  test.each(damages)('%s', async (_, sql, found) => {
    const database = await openTestDatabase();
    await fill(database);
    await damage(database, sql);
    const { ok, findings, total } = await database.db.check();
    expect(findings).toEqual(found.map((finding) => expect.objectContaining(finding) as unknown));
    expect({ ok, total }).toEqual({ ok: false, total: found.length });
  });
}
