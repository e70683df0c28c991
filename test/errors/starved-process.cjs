// Opens all but `left` file descriptors during one phase of a service, then closes them and continues. Prints a line of
// JSON for each call: its phase, its name and the code of its error, or `none`. Runs the compiled package, because only
// the compiled package loads its modules as in an application.
const { closeSync, openSync, rmSync } = require('node:fs');
const { DatabaseService } = require('../../dist/index.js');

const [url, starvedPhase, left, migrations, copyPath] = process.argv.slice(2);

function takeDescriptors() {
  const taken = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch (error) {
    if (error.code !== 'EMFILE') throw error;
  }
  const giveBack = (count) => taken.splice(0, count).forEach((descriptor) => closeSync(descriptor));
  giveBack(Number(left));
  return () => giveBack(taken.length);
}

async function attempt(phase, name, call) {
  const code = await call().then(
    (answer) => (name === 'health' ? answer.code : undefined),
    (error) => `${error.code}${error.retryable ? '' : ' for good'}`,
  );
  process.stdout.write(`${JSON.stringify({ phase, name, code: code ?? 'none' })}\n`);
}

async function main() {
  const db = new DatabaseService({ url, migrations, retry: false });
  const backup = async () => {
    rmSync(copyPath, { force: true });
    await db.backup(copyPath);
  };
  const phases = {
    initialize: { initialize: () => db.initialize() },
    calls: {
      updateCertificateStatus: () => db.updateCertificateStatus('c', 'SUSPENDED'),
      transaction: () => db.transaction((tx) => tx.updateCertificateStatus('c', 'VALID')),
      check: () => db.check(),
      ...(url.startsWith('file:') ? { backup } : {}),
      health: () => db.health(),
      migrateDatabase: () => db.migrateDatabase(),
    },
    close: { close: () => db.close() },
  };
  for (const phase of ['initialize', 'calls', 'close']) {
    if (phase === starvedPhase) {
      const giveBack = takeDescriptors();
      for (const [name, call] of Object.entries(phases[phase])) await attempt('starved', name, call);
      giveBack();
    }
    for (const [name, call] of Object.entries(phases[phase])) await attempt(phase, name, call);
  }
  await attempt('again', 'initialize', () => db.initialize());
  await attempt('again', 'close', () => db.close());
}

void main();
