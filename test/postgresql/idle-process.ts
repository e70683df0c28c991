import { DatabaseService } from '../../src';

/** Calls the database at `url`, with a read replica at the same URL, and leaves the connections open and idle. */
async function main(url: string): Promise<void> {
  const db = new DatabaseService({ url, replicaUrls: [url], pool: { idleTimeoutMs: 600_000 } });
  await db.initialize();
  await Promise.all([db.getAgent('a'), db.getCertificate('c'), db.transaction((tx) => tx.getAgent('a'))]);
  await db.updateCertificateStatus('c', 'VALID');
}

void main(process.argv[2] ?? '');
