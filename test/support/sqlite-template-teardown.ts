import { rmSync } from 'node:fs';

/** After all tests of the project `sqlite`: removes the database that theirs were copied from. */
export default function tearDown(): void {
  rmSync(process.env['TEST_SQLITE_TEMPLATE'] ?? '', { force: true });
}
