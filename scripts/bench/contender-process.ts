import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { ContenderName } from './contender';
import type { Request, Response, Slice } from './messages';

/** A contender in a process of its own, which works only when it is asked to. */
export class ContenderProcess {
  readonly name: ContenderName;
  readonly #child: ChildProcess;

  private constructor(name: ContenderName, child: ChildProcess) {
    this.name = name;
    this.#child = child;
  }

  /** @param profileFolder - where a CPU profile of the process goes, if anywhere. */
  static async start(
    contender: ContenderName,
    path: string,
    agentCount: number,
    profileFolder?: string,
  ): Promise<ContenderProcess> {
    const profile =
      profileFolder === undefined
        ? []
        : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`, `--cpu-prof-name=${contender}.cpuprofile`];
    // tsx gives every function that is made a name, which costs those that make many. Prisma's generated client, whose
    // functions are compiled already, is found by nothing else.
    const loader = contender === 'prisma' ? process.execArgv : ['--require', 'esbuild-register'];
    const child = fork(join(__dirname, 'children', `${contender}.ts`), {
      execArgv: [...loader, ...profile],
      serialization: 'advanced',
    });
    const started = new ContenderProcess(contender, child);
    await started.#ask({ type: 'open', path, agentCount });
    return started;
  }

  async check(workload: string, places: number): Promise<string> {
    return (await this.#ask({ type: 'check', workload, places }, 'checked')).digest;
  }

  async measure(workload: string, durationMs: number): Promise<Slice> {
    return (await this.#ask({ type: 'slice', workload, durationMs }, 'measured')).slice;
  }

  /** @returns the most memory that the process ever held. */
  async close(): Promise<number> {
    const { peakRssBytes } = await this.#ask({ type: 'close' }, 'closed');
    await new Promise((resolve) => this.#child.once('exit', resolve).disconnect());
    return peakRssBytes;
  }

  /** For when the benchmark has failed already. */
  kill(): void {
    this.#child.kill();
  }

  #ask<T extends Response['type'] = 'done'>(request: Request, expected = 'done' as T) {
    return new Promise<Extract<Response, { type: T }>>((resolve, reject) => {
      const settle = (settlement: () => void): void => {
        this.#child.off('message', onMessage).off('exit', onExit);
        settlement();
      };
      const onMessage = (response: Response): void =>
        settle(() => {
          // The expected type is what was asked for.
          if (response.type === expected) resolve(response as Extract<Response, { type: T }>);
          else reject(new Error(`${this.name}: ${response.type === 'failed' ? response.message : response.type}`));
        });
      const onExit = (code: number | null): void =>
        settle(() => reject(new Error(`${this.name}: its process ended with ${code ?? 'a signal'}`)));
      this.#child.on('message', onMessage).on('exit', onExit);
      this.#child.send(request);
    });
  }
}
