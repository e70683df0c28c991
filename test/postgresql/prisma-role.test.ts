import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { administer } from '../support/administration';
import { expectError } from '../support/expect-error';
import { createAgent } from '../support/factories';
import { spoilDatabase } from '../support/postgresql-databases';
import { connectRaw, runRaw } from '../support/raw-client';
import { afterTest, openTestDatabase } from '../support/test-database';

const page = readFileSync(join(__dirname, '../../docs/prisma.md'), 'utf8');
const roleSql = /^```sql\n(CREATE ROLE app_owner .*?)^```$/ms.exec(page)?.[1] ?? '';

/** Opens a database with an agent, and with a table and a function of the application. */
async function openWithFunction(body: string) {
  const { db, options } = await openTestDatabase();
  spoilDatabase(options.url);
  await createAgent(db, { id: 'a', name: 'original' });
  await runRaw(options.url, "CREATE TABLE orders (id text, state text); INSERT INTO orders VALUES ('o1', 'open')");
  await runRaw(options.url, `CREATE FUNCTION close_orders() RETURNS void LANGUAGE plpgsql AS $$ BEGIN ${body}; END $$`);
  return { db, url: options.url };
}

/** Runs the SQL of docs/prisma.md that creates the role. */
async function applyPage(url: string): Promise<void> {
  afterTest(() => administer(url, 'DROP OWNED BY app_owner CASCADE; DROP ROLE app_owner').then(() => undefined));
  await runRaw(url, roleSql);
}

const orders = async (url: string): Promise<unknown> => (await runRaw(url, 'SELECT id, state FROM orders'))[0];

describe('the role of docs/prisma.md', () => {
  test('the role of docs/prisma.md can read the package tables and write the application tables in a transaction', async () => {
    const body = "UPDATE orders SET state = (SELECT name FROM agents WHERE id = 'a')";
    const { db, url } = await openWithFunction(body);
    await applyPage(url);
    await db.transaction((tx) => tx.query('SELECT close_orders()'));
    expect(await orders(url)).toEqual([{ id: 'o1', state: 'original' }]);
  });

  test('a function that writes to a package table fails with PERMISSION_DENIED for the role of docs/prisma.md', async () => {
    const { db, url } = await openWithFunction("UPDATE orders SET state = 'closed'; UPDATE agents SET name = 'forged'");
    const call = () => db.transaction((tx) => tx.query('SELECT close_orders()'));
    await applyPage(url);
    await expectError('PERMISSION_DENIED', call);
    expect((await db.getAgent('a'))?.name).toBe('original');
    expect(await orders(url)).toEqual([{ id: 'o1', state: 'open' }]);
    // Without the role, the same function writes to the table.
    await runRaw(url, 'ALTER FUNCTION close_orders() SECURITY INVOKER');
    await call();
    expect((await db.getAgent('a'))?.name).toBe('forged');
  });

  test('the role of docs/prisma.md cannot write to package tables on connections that do not use the package', async () => {
    const { url } = await openWithFunction('NULL');
    await applyPage(url);
    const client = await connectRaw(url);
    await client.query('SET ROLE app_owner');
    expect((await client.query('SELECT name FROM agents')).rows).toEqual([{ name: 'original' }]);
    await client.query("UPDATE orders SET state = 'closed'");
    for (const sql of ['DELETE FROM agents', 'DELETE FROM changes', "UPDATE certificates SET subject = 'x'"]) {
      await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
    }
    expect(await orders(url)).toEqual([{ id: 'o1', state: 'closed' }]);
  });
});
