import { spawn, type ChildProcess } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratch } from './scratch';
import { unprivilegedUser } from './unprivileged';

/** Script that waits until the process that started it ends, stops the servers and removes the directory. */
const guardScript = `cat > /dev/null
for file in "$1"/*.pid; do
  pid=$(basename "$file" .pid)
  kill -QUIT "$pid" || continue
  for turn in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do kill -0 "$pid" && sleep 0.1; done
done 2> /dev/null
rm -rf "$1"`;

/**
 * A temporary directory of servers and their files. A guard process stops the servers and removes the directory when
 * this process ends for any reason. Signals that end a run of the tests do not reach the guard.
 */
export class ServerDirectory {
  readonly path = mkdtempSync(join(scratch, 'ans-server-'));
  readonly #guard: ChildProcess;

  constructor() {
    this.giveToServer(this.path);
    this.#guard = spawn('sh', ['-c', guardScript, 'sh', this.path], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#guard.unref();
  }

  /** Writes a file that only the servers can read. */
  write(name: string, text: string): string {
    const path = join(this.path, name);
    writeFileSync(path, text, { mode: 0o600 });
    this.giveToServer(path);
    return path;
  }

  /** Makes the user of the servers the owner of a file. */
  giveToServer(path: string): void {
    const { uid, gid } = unprivilegedUser();
    if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
  }

  /** Registers the process id of a server, which is stopped when this process ends. */
  register(pid: number): void {
    writeFileSync(join(this.path, `${pid}.pid`), '');
  }

  unregister(pid: number): void {
    rmSync(join(this.path, `${pid}.pid`), { force: true });
  }

  /** Stops the servers in the directory and removes it. */
  remove(): Promise<void> {
    this.#guard.ref();
    const ended = new Promise<void>((resolve) => this.#guard.once('exit', () => resolve()));
    if (this.#guard.exitCode !== null) return Promise.resolve();
    this.#guard.stdin?.end();
    return ended;
  }
}
