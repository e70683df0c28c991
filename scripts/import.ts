import { access, constants, stat } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { defaultDatabaseUrl, openDatabase } from './console/open-database';
import { Progress } from './console/progress';
import { runScript, ScriptError } from './console/run-script';
import { createStyle } from './console/style';
import { importFile } from './import/import-file';

const usage = `Usage: npm run import -- FILE.jsonl [--url URL] [--batch N]

Loads agents and certificates from a file of JSON Lines (UTF-8, one object a line) into the database.

  --url URL    the database (default: DATABASE_URL, else file:./ans_database.sqlite)
  --batch N    rows in one transaction, 1 to 100000 (default: 500)
  --help       this text

A line with "fingerprint256" and "pem" is a certificate:
  subject, issuer (null for none), notBefore, notAfter (milliseconds since 1970), publicKeyPem, pem, fingerprint256;
  every other field goes to its metadata.

A line with "name" is an agent:
  source, name, and if known version, description, owner, endpoints [{protocol, address, port, ...}], capabilities
  [text, ...], metadata {...}.
  - No version: stored as 0.0.0, with the metadata "import.versionStated": false.
  - No owner: the source is the owner, with the metadata "import.ownerStated": false.
  - An endpoint without a port, which nobody could connect to, is kept in the metadata "import.endpointsWithoutPort";
    what an endpoint says beyond protocol, address and port becomes its metadata.
  - Empty capabilities are left out; how many is in the metadata "import.emptyCapabilities".
  - The source itself is in the metadata "import.source".
  - Such files hold no keys: the agents of each source share one stand-in certificate, which is SUSPENDED and has the
    metadata "import.standIn": true.

Ids are made from the content, so a second run finds everything there and changes nothing, and two agents that differ in
anything are two. A line that is refused is told with its number and the reason; all others are loaded.

Exit code: 0 when the file was read to its end, also when lines were refused; 1 when not.`;

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
  if (path === undefined || others.length > 0) throw new ScriptError('name one file to import; --help says more');
  const batchSize = parseBatchSize(values.batch);
  const totalBytes = await sizeOf(path);

  await using db = await openDatabase(values.url ?? defaultDatabaseUrl());
  const progress = new Progress(process.stderr, totalBytes);
  const start = performance.now();
  const summary = await importFile(db, path, batchSize, progress);
  progress.end();
  const style = createStyle(process.stdout, process.env);
  for (const line of summary.format(performance.now() - start, style)) console.log(line);
}

function parseBatchSize(text: string): number {
  const size = Number(text);
  if (!Number.isInteger(size) || size < 1 || size > 100_000) {
    throw new ScriptError('--batch must be an integer from 1 to 100000');
  }
  return size;
}

// Before the database is opened: a misspelt name should not leave an empty one behind.
async function sizeOf(path: string): Promise<number> {
  const stats = await stat(path).catch(() => undefined);
  const isReadable = await access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
  if (!stats?.isFile() || !isReadable) throw new ScriptError(`${path} is no file that can be read`);
  return stats.size;
}

void runScript('import', main);
