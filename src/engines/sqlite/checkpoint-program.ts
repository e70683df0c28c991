/**
 * Source text of the checkpoint thread. A checkpoint with the log of another file would destroy the database. Therefore
 * the thread compares the files with the expected ones before and after it opens them. It closes the read-only
 * connection last: the last connection to close copies the log into the file, unless it cannot write. Setting
 * `user_version` to its present value is the smallest possible commit. `watching` are the connections of the next
 * restart, with their data version.
 */
export const checkpointProgram = `
  const { statSync } = require('node:fs');
  const { parentPort } = require('node:worker_threads');
  const identityOf = (name) => {
    const { dev, ino } = statSync(name, { bigint: true, throwIfNoEntry: false }) ?? {};
    return dev + ':' + ino;
  };
  const beginLog = (writer) => {
    writer.exec('BEGIN IMMEDIATE');
    writer.pragma('user_version = ' + writer.pragma('user_version', { simple: true }));
    writer.exec('COMMIT');
  };
  const open = ({ path, files, timeoutMs }) => {
    const isInPlace = () => files.every(([name, identity]) => identityOf(name) === identity);
    if (!isInPlace()) return;
    const reader = new Driver(path, { readonly: true, fileMustExist: true, timeout: timeoutMs });
    let writer;
    const close = () => {
      try {
        writer?.close();
      } finally {
        reader.close();
      }
    };
    try {
      if (reader.pragma('encoding', { simple: true }) === 'UTF-8') {
        writer = new Driver(path, { fileMustExist: true, timeout: timeoutMs });
        writer.pragma('synchronous = NORMAL');
        writer.pragma('user_version');
        if (isInPlace()) return { writer, close };
      }
    } catch (error) {
      close();
      throw error;
    }
    close();
  };
  const versionOf = ({ writer }) => writer.pragma('data_version', { simple: true });
  let watching;
  const release = () => {
    const released = watching;
    watching = undefined;
    released?.close();
  };
  const watch = (job) => {
    release();
    watching = open(job);
    if (watching !== undefined) watching.version = versionOf(watching);
    return {};
  };
  const verify = () => {
    try {
      return { isUnchanged: watching !== undefined && versionOf(watching) === watching.version };
    } finally {
      release();
    }
  };
  const checkpoint = (job) => {
    const { mode } = job;
    const connections = mode === 'restart' && watching !== undefined ? watching : open(job);
    if (connections === undefined) return {};
    const { writer, close } = connections;
    try {
      const [state] = writer.pragma('wal_checkpoint(' + (mode === 'copy' ? 'PASSIVE' : 'TRUNCATE') + ')');
      if (mode === 'restart' && state.busy === 0) beginLog(writer);
      return { state };
    } finally {
      if (connections !== watching) close();
    }
  };
  const answerTo = (job) => {
    if (job.mode === 'watch') return watch(job);
    return job.mode === 'verify' ? verify() : checkpoint(job);
  };
  parentPort.on('message', (job) => {
    let answer = {};
    try {
      answer = answerTo(job);
    } catch (error) {
      if (!/^(UNKNOWN_)?SQLITE_/.test(error.code)) throw error;
    }
    parentPort.postMessage(answer);
  });
`;
