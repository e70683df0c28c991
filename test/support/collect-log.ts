import type { Logger } from '../../src';

/** Returns a logger that collects the arguments of its calls, oldest first, and the messages of its warnings. */
export function collectLog() {
  const entries: unknown[][] = [];
  const warnings: string[] = [];
  const collect = (...args: unknown[]): void => void entries.push(args);
  const warn: Logger['warn'] = (details, message) => {
    collect(details, message);
    warnings.push(message);
  };
  return { logger: { debug: collect, info: collect, warn, error: collect } satisfies Logger, entries, warnings };
}
