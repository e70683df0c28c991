import { join } from 'node:path';
import { textWidth } from '../../src/console/text-width';
import { rawCounts } from '../support/raw-reader';
import { temporaryDirectory } from '../support/test-database';
import { runScript } from './run-script';

describe('npm start', () => {
  test('npm start fills a new database, prints the results of calls, and changes nothing in a second run', async () => {
    const url = `file:${join(temporaryDirectory(), 'demo.sqlite')}`;
    const first = await runScript('demo.ts', [], { DATABASE_URL: url });
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(first.stdout).toMatch(/^ +agents +24 +0 /m);
    for (const part of ["db.queryAgents({ name: 'WEATHER' })", '翻訳エージェント', 'rolled back', 'npm run studio']) {
      expect(first.stdout).toContain(part);
    }
    expect(first.stdout).toMatch(/ {2}both written +SUSPENDED, ACTIVE +ACTIVE, absent$/m);
    expect(first.stdout).not.toContain('0 records');
    expect(first.stdout).toMatch(/prisma\.agent\.groupBy[^]+ OWNER +AGENTS$/m);
    // Plain text for a pipe, and lines that fit a terminal.
    expect(first.stdout).not.toContain('\x1b');
    expect(first.stdout.split('\n').filter((line) => textWidth(line) > 100)).toEqual([]);
    const counts = await rawCounts({ options: { url } });
    expect(counts).toMatchObject({ agents: 24, security_events: 6 });

    const second = await runScript('demo.ts', [], { DATABASE_URL: url });
    expect(second).toMatchObject({ exitCode: 0, stderr: '' });
    expect(second.stdout).toMatch(/^ +agents +0 +24 /m);
    expect(second.stdout).toMatch(/^ +certificates +0 +7 /m);
    expect(await rawCounts({ options: { url } })).toEqual(counts);
  });

  test('npm start reports in one line that the database cannot be opened', async () => {
    const url = `file:${join(temporaryDirectory(), 'missing', 'demo.sqlite')}`;
    const { exitCode, stderr } = await runScript('demo.ts', [], { DATABASE_URL: url });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^npm start: Failed to initialize database: .+ \(UNAVAILABLE\)\n$/);
  });
});
