import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Contender, Open } from './contender';
import type { DatabaseSize } from './data';
import { digestOf } from './digest';
import { longestBlock } from './longest-block';
import type { ConcurrentSlice, Request, Response, Slice } from './messages';
import { createWorkloads, type Workload } from './workloads';

/** Time in milliseconds between two samples of the event loop's delay. */
const resolution = 5;

/** Executes the requests of the parent process one after the other. */
class Worker {
  readonly #contender: Contender;
  readonly #workloads: ReadonlyMap<string, Workload>;
  readonly #nextIndex = new Map<string, number>();

  constructor(contender: Contender, size: DatabaseSize) {
    this.#contender = contender;
    this.#workloads = new Map(createWorkloads(size).map((workload) => [workload.id, workload]));
  }

  async check(id: string): Promise<string> {
    const workload = this.#find(id);
    const results: unknown[] = [];
    const indexes = Array.from({ length: workload.checkedOperations }, (_, index) => index);
    for (const index of indexes) results.push(await workload.prepare(this.#contender, index)());
    for (const index of indexes) results.push(await workload.readBack?.(this.#contender, index));
    this.#nextIndex.set(id, workload.checkedOperations);
    return digestOf(results);
  }

  async measure(id: string, durationMs: number): Promise<Slice> {
    const latenciesUs: number[] = [];
    let busyMs = 0;
    while (busyMs < durationMs) {
      const operation = this.#nextOperation(id);
      const start = performance.now();
      const result = operation();
      // Does not await a result that is not a promise, because an await would add to the measured time.
      if (result instanceof Promise) await result;
      const tookMs = performance.now() - start;
      busyMs += tookMs;
      latenciesUs.push(tookMs * 1000);
    }
    return { latenciesUs: Float64Array.from(latenciesUs), busyMs };
  }

  async measureConcurrently(id: string, callers: number, durationMs: number): Promise<ConcurrentSlice> {
    const latenciesUs: number[] = [];
    let failures = 0;
    const delays = monitorEventLoopDelay({ resolution });
    delays.enable();
    const start = performance.now();
    const call = async (): Promise<void> => {
      while (performance.now() - start < durationMs) {
        const operation = this.#nextOperation(id);
        const callStart = performance.now();
        try {
          await operation();
          latenciesUs.push((performance.now() - callStart) * 1000);
        } catch {
          failures += 1;
        }
        // Yields, because a contender that works synchronously would otherwise block the event loop until the end of
        // the slice.
        await nextTurn();
      }
    };
    await Promise.all(Array.from({ length: callers }, call));
    const busyMs = performance.now() - start;
    await nextTurn();
    delays.disable();
    const longestBlockMs = Math.max(0, delays.max / 1e6 - resolution);
    return { latenciesUs: Float64Array.from(latenciesUs), busyMs, failures, longestBlockMs };
  }

  async measureBlocks(id: string, times: number): Promise<number[]> {
    const blocks: number[] = [];
    while (blocks.length < times) {
      const operations = Array.from({ length: 4 }, () => this.#nextOperation(id));
      blocks.push(await longestBlock(operations));
    }
    return blocks;
  }

  async close(): Promise<void> {
    await this.#contender.close();
  }

  #nextOperation(id: string): () => unknown {
    const index = this.#nextIndex.get(id) ?? 0;
    this.#nextIndex.set(id, index + 1);
    return this.#find(id).prepare(this.#contender, index);
  }

  #find(id: string): Workload {
    const workload = this.#workloads.get(id);
    if (workload === undefined) throw new Error(`unknown workload: ${id}`);
    return workload;
  }
}

/** Serves the requests of the parent process in a contender's process. */
export function serve(open: Open): void {
  let worker: Worker | undefined;
  const answer = async (request: Request): Promise<Response> => {
    if (request.type === 'open') {
      worker = new Worker(await open(request.location), request.size);
      return { type: 'done' };
    }
    if (worker === undefined) throw new Error('no database is open');
    switch (request.type) {
      case 'check':
        return { type: 'checked', digest: await worker.check(request.workload) };
      case 'slice':
        return { type: 'measured', slice: await worker.measure(request.workload, request.durationMs) };
      case 'concurrent': {
        const { workload, callers, durationMs } = request;
        return { type: 'measuredConcurrently', slice: await worker.measureConcurrently(workload, callers, durationMs) };
      }
      case 'block':
        return { type: 'blocked', longestMs: await worker.measureBlocks(request.workload, request.times) };
      case 'close':
        await worker.close();
        return { type: 'closed', peakRssBytes: process.resourceUsage().maxRSS * 1024 };
    }
  };
  process.on('message', (request: Request) => {
    answer(request)
      .catch((error: unknown): Response => {
        return { type: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
      })
      .then((response) => process.send?.(response))
      .catch(() => process.exit(1));
  });
}
