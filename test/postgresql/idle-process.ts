import { DatabaseService } from '../../src';

/** Uses the database at the URL that this process was started with, and leaves it open, with a read replica that is silent. */
async function main(url: string): Promise<void> {
  const db = new DatabaseService({ url, replicaUrls: [url], pool: { idleTimeoutMs: 600_000 } });
  await db.initialize();
  await Promise.all([db.getAgent('a'), db.getCertificate('c'), db.transaction((tx) => tx.getAgent('a'))]);
  await db.updateCertificateStatus('c', 'VALID');
}

void main(process.argv[2] ?? '');
