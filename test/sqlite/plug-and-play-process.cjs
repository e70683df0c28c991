// Backs up and checks a database with the compiled package, and prints the report of check().
const { DatabaseService } = require('../../dist/index.js');

async function main(copyPath) {
  const db = new DatabaseService({ url: ':memory:' });
  await db.initialize();
  await db.backup(copyPath);
  process.stdout.write(JSON.stringify(await db.check()));
  await db.close();
}

void main(process.argv[2]);
