import { readFile } from 'node:fs/promises';
import { DatabaseService, type AgentInput } from 'ans-database';
import { certificateFromPem } from 'ans-database/x509';

const [path = 'data/agents.ndjson', certificatePath = 'data/certificate.pem'] = process.argv.slice(2);

// On PostgreSQL, the option has to allow what SQLite does by default: to create the tables.
await using db = new DatabaseService({ url: process.env['DATABASE_URL'], migrations: 'apply' });
await db.initialize();

const certificateId = await findOrCreateCertificate(await readFile(certificatePath, 'utf8'));
const agents = parse(await readFile(path, 'utf8')).map((agent) => ({ ...agent, certificateId }));
const results = await db.agents.createMany(agents, {
  onError: 'collect',
  onProgress: (done, total) => console.error(`${done} of ${total}`),
});

const counts = { created: 0, present: 0, refused: 0 };
for (const [index, result] of results.entries()) {
  if (result.ok) counts.created += 1;
  else if (result.error.code === 'ALREADY_EXISTS') counts.present += 1;
  else {
    counts.refused += 1;
    console.error(`agent ${index + 1}: ${result.error.message}`);
  }
}
console.log(`${counts.created} created, ${counts.present} present, ${counts.refused} refused`);
if (counts.refused > 0) process.exitCode = 1;

/** Returns the agents of a JSON array, or of a file with one JSON object a line. The database validates them. */
function parse(text: string): Omit<AgentInput, 'certificateId'>[] {
  if (text.trimStart().startsWith('[')) return JSON.parse(text, revive) as AgentInput[];
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => JSON.parse(line, revive) as AgentInput);
}

/** Converts the times, which JSON has as texts. */
function revive(key: string, value: unknown): unknown {
  return typeof value === 'string' && /^(?:created|updated|expires)At$/.test(key) ? new Date(value) : value;
}

async function findOrCreateCertificate(pem: string): Promise<string> {
  const input = certificateFromPem(pem);
  const present = await db.getCertificateByFingerprint(input.fingerprint);
  return present?.id ?? (await db.createCertificate(input));
}
