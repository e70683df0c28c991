import { fork, type ChildProcess } from 'node:child_process';
import type { ContenderName } from './contender';
import type { DatabaseSize } from './data';
import type { ConcurrentSlice, Request, Response, Slice } from './messages';

/** Options for starting the process of a contender. */
export interface ProcessOptions {
  readonly name: ContenderName;
  /** Path of the contender's compiled program. */
  readonly program: string;
  /** Location of the contender's database. */
  readonly location: string;
  readonly size: DatabaseSize;
  /** Directory for a CPU profile of the process; undefined for no profile. */
  readonly profileFolder?: string | undefined;
}

/** Contender of the benchmark in a separate process, which works only on request. */
export class ContenderProcess {
  readonly name: ContenderName;
  readonly #child: ChildProcess;

  private constructor(name: ContenderName, child: ChildProcess) {
    this.name = name;
    this.#child = child;
  }

  static async start(options: ProcessOptions): Promise<ContenderProcess> {
    const { name, program, location, size, profileFolder } = options;
    const profile =
      profileFolder === undefined
        ? []
        : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`, `--cpu-prof-name=${name}.cpuprofile`];
    const child = fork(program, { execArgv: profile, serialization: 'advanced' });
    const started = new ContenderProcess(name, child);
    await started.#ask({ type: 'open', location, size });
    return started;
  }

  async check(workload: string): Promise<string> {
    return (await this.#ask({ type: 'check', workload }, 'checked')).digest;
  }

  async measure(workload: string, durationMs: number): Promise<Slice> {
    return (await this.#ask({ type: 'slice', workload, durationMs }, 'measured')).slice;
  }

  async measureConcurrently(workload: string, callers: number, durationMs: number): Promise<ConcurrentSlice> {
    return (await this.#ask({ type: 'concurrent', workload, callers, durationMs }, 'measuredConcurrently')).slice;
  }

  async measureBlocks(workload: string, times: number): Promise<readonly number[]> {
    return (await this.#ask({ type: 'block', workload, times }, 'blocked')).longestMs;
  }

  /** Ends the process of the contender, and returns its peak memory in bytes. */
  async close(): Promise<number> {
    const { peakRssBytes } = await this.#ask({ type: 'close' }, 'closed');
    await new Promise((resolve) => this.#child.once('exit', resolve).disconnect());
    return peakRssBytes;
  }

  /** Ends the process of the contender after a failure of the benchmark. */
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
          // The cast is necessary, because TypeScript cannot narrow the type parameter `T`.
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
