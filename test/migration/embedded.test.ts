import { readFileSync } from 'node:fs';
import { embedMigrations } from '../../scripts/migrations/embed-migrations';

test('the embedded migrations equal the files in the migration folders', () => {
  // A difference means that `npm run generate` was not run after a change.
  for (const { path, text } of embedMigrations()) expect(readFileSync(path, 'utf8')).toBe(text);
});
