import { randomBytes } from 'node:crypto';
import { administer } from './administration';
import { afterTest } from './test-database';

/** Creates a role on the server of a test's database and returns the URL of the database for it. The role is dropped after the test. */
export async function createRole(url: string, grant: (role: string) => string): Promise<string> {
  const role = `ans_role_${randomBytes(4).toString('hex')}`;
  const roleUrl = new URL(url);
  roleUrl.username = role;
  roleUrl.password = randomBytes(12).toString('hex');
  await administer(url, `CREATE ROLE ${role} LOGIN PASSWORD '${roleUrl.password}'; ${grant(role)}`);
  afterTest(async () => {
    await administer(url, `DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
  });
  return roleUrl.href;
}
