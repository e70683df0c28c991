import { rmSync } from 'node:fs';

/** Removes the database that the tests on SQLite copied. */
export default function tearDown(): void {
  rmSync(process.env['TEST_SQLITE_TEMPLATE'] ?? '', { force: true });
}
