import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerDirectory } from './server-directory';
import { unprivilegedUser } from './unprivileged';

/** Returns the options of the process of a server, which does not inherit the environment. */
export function serverProcessOptions(directory: ServerDirectory) {
  return {
    cwd: directory.path,
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
    ...unprivilegedUser(),
  } as const;
}

/** A running server that writes its log into its directory. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #log: string;

  private constructor(directory: ServerDirectory, command: string, args: readonly string[], log: string) {
    const output = openSync(log, 'w', 0o600);
    this.#log = log;
    this.#child = spawn(command, args, { ...serverProcessOptions(directory), stdio: ['ignore', output, output] });
    closeSync(output);
    const { pid } = this.#child;
    if (pid !== undefined) directory.register(pid);
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', resolve);
      this.#child.once('exit', resolve);
    });
    if (pid !== undefined) void this.#ended.then(() => directory.unregister(pid));
    // This process can exit although the server is still running.
    this.#child.unref();
  }

  /** Starts a server and waits until its log contains the message. */
  static async start(
    directory: ServerDirectory,
    command: string,
    args: readonly string[],
    readyMessage: RegExp,
  ): Promise<ServerProcess> {
    const log = join(directory.path, 'server.log');
    const server = new ServerProcess(directory, command, args, log);
    const end = performance.now() + 30_000;
    while (server.#isRunning && performance.now() < end) {
      if (readyMessage.test(server.log)) return server;
      await sleep(10);
    }
    await server.stop('SIGKILL');
    throw new Error(`The server ${command} did not start:\n${server.log}`);
  }

  /** Its log since it was started. */
  get log(): string {
    return readFileSync(this.#log, 'utf8');
  }

  get #isRunning(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    this.#child.ref();
    this.#child.kill(signal);
    await this.#ended;
  }
}

/** Returns a free port outside of the range of outgoing connections, so that it stays free for a restart. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 15_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
