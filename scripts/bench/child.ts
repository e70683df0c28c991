import type { Contender } from './contender';
import { digestOf } from './digest';
import type { Request, Response, Slice } from './messages';
import { createWorkloads, type Workload } from './workloads';

/** Does what the parent asks for, one thing after another. */
class Worker {
  readonly #contender: Contender;
  readonly #workloads: ReadonlyMap<string, Workload>;
  readonly #nextPlace = new Map<string, number>();

  constructor(contender: Contender, agentCount: number) {
    this.#contender = contender;
    this.#workloads = new Map(createWorkloads(agentCount).map((workload) => [workload.id, workload]));
  }

  async check(id: string, places: number): Promise<string> {
    const workload = this.#find(id);
    const results: unknown[] = [];
    for (let place = 0; place < places; place += 1) results.push(await workload.prepare(this.#contender, place)());
    for (let place = 0; place < places; place += 1) results.push(await workload.readBack?.(this.#contender, place));
    this.#nextPlace.set(id, places);
    return digestOf(results);
  }

  async measure(id: string, durationMs: number): Promise<Slice> {
    const workload = this.#find(id);
    const latenciesUs: number[] = [];
    let place = this.#nextPlace.get(id) ?? 0;
    let busyMs = 0;
    while (busyMs < durationMs) {
      const operation = workload.prepare(this.#contender, place);
      place += 1;
      const start = performance.now();
      const result = operation();
      // What is there at once need not be waited for.
      if (result instanceof Promise) await result;
      const tookMs = performance.now() - start;
      busyMs += tookMs;
      latenciesUs.push(tookMs * 1000);
    }
    this.#nextPlace.set(id, place);
    return { latenciesUs: Float64Array.from(latenciesUs), busyMs };
  }

  async close(): Promise<void> {
    await this.#contender.close();
  }

  #find(id: string): Workload {
    const workload = this.#workloads.get(id);
    if (workload === undefined) throw new Error(`there is no workload ${id}`);
    return workload;
  }
}

/** Makes this process a contender's. */
export function serve(open: (path: string) => Contender | Promise<Contender>): void {
  let worker: Worker | undefined;
  const answer = async (request: Request): Promise<Response> => {
    if (request.type === 'open') {
      worker = new Worker(await open(request.path), request.agentCount);
      return { type: 'done' };
    }
    if (worker === undefined) throw new Error('nothing is open');
    switch (request.type) {
      case 'check':
        return { type: 'checked', digest: await worker.check(request.workload, request.places) };
      case 'slice':
        return { type: 'measured', slice: await worker.measure(request.workload, request.durationMs) };
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
