import { access, constants, stat } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { describeContents } from '../src/console/contents';
import { defaultDatabaseUrl, openDatabase } from './console/open-database';
import { parseInteger } from './console/parse-integer';
import { Progress } from '../src/console/progress';
import { runScript, ScriptError } from './console/run-script';
import { createStyle } from '../src/console/style';
import { importFile } from './import/import-file';

const usage = `Usage: npm run import -- FILE.jsonl [--url URL] [--batch N]

Imports agents and certificates from a file of JSON Lines (UTF-8, one object in each line).

  --url URL    the database (default: DATABASE_URL, else file:./ans_database.sqlite)
  --batch N    rows in one transaction, 1 to 100000 (default: 500)
  --help       print this text

A line with "fingerprint256" and "pem" is a certificate:
  subject, issuer (both may be null), notBefore, notAfter (milliseconds since 1970), publicKeyPem, pem, fingerprint256.
  All other fields become metadata.

A line with "name" is an agent:
  source, name; optional: version, description, owner, endpoints [{protocol, address, port, ...}], capabilities
  [string, ...], metadata {...}.
  - The metadata "import.source" is the source.
  - Without a version, the version is 0.0.0 and the metadata "import.versionStated" is false.
  - Without an owner, the owner is the source and the metadata "import.ownerStated" is false.
  - Endpoints without a port become the metadata "import.endpointsWithoutPort". Other fields of an endpoint become its
    metadata.
  - Empty capabilities are omitted; the metadata "import.emptyCapabilities" is their number.
  - Such files contain no keys. The agents of each source share one stand-in certificate, which is SUSPENDED and has
    the metadata "import.standIn": true.

Ids are derived from the content, so that a second run changes nothing. Two agents with any difference are two agents. A
refused line is reported with its number and the reason; all other lines are imported.

Exit code: 0 when the whole file was read, even with refused lines; otherwise 1.`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { url: { type: 'string' }, batch: { type: 'string', default: '500' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const [path, ...others] = positionals;
  if (path === undefined || others.length > 0) throw new ScriptError('specify one file to import; see --help');
  const batchSize = parseInteger(values.batch, '--batch', 1, 100_000);
  const totalBytes = await sizeOf(path);

  await using db = await openDatabase(values.url ?? defaultDatabaseUrl());
  const progress = new Progress(process.stderr, totalBytes);
  const start = performance.now();
  const summary = await importFile(db, path, batchSize, progress);
  progress.end();
  const style = createStyle(process.stdout, process.env);
  for (const line of summary.format(performance.now() - start, style)) console.log(line);
  console.log(style.bold('The database now has'));
  for (const line of await describeContents(db)) console.log(`  ${line}`);
}

// Checks the file before the database is opened. Otherwise a misspelt file name would create an empty database.
async function sizeOf(path: string): Promise<number> {
  const stats = await stat(path).catch(() => undefined);
  const isReadable = await access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
  if (!stats?.isFile() || !isReadable) throw new ScriptError(`${path} is not a readable file`);
  return stats.size;
}

void runScript('import', main);
