import { writeFileSync } from 'node:fs';
import { embedMigrations } from './embed-migrations';

for (const { path, text } of embedMigrations()) writeFileSync(path, text);
