import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentInput, CertificateInput, SecurityEventInput } from '../../src';
import type { Question } from './question';

/**
 * Fictitious owner with its agents. The agents present a real root certificate, because the demo has no authority that
 * issues certificates.
 */
interface Owner {
  readonly owner: string;
  readonly certificate: CertificateInput;
  readonly agents: readonly Omit<AgentInput, 'owner' | 'publicKey' | 'certificateId'>[];
}

export interface DemoData {
  readonly owners: readonly Owner[];
  readonly events: readonly SecurityEventInput[];
  readonly questions: readonly Question[];
}

const isoTime = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
const unitsMs: Readonly<Record<string, number>> = { daysFromNow: 86_400_000, minutesFromNow: 60_000 };

/** Reads the JSON files of the demo. A time in them is ISO 8601 text, or relative to `now`: `{ "daysFromNow": 7 }`. */
export function readDemoData(now: Date): DemoData {
  const toTime = (_key: string, value: unknown): unknown => {
    if (typeof value === 'string') return isoTime.test(value) ? new Date(value) : value;
    const [unit = '', amount] = Object.entries(value ?? {})[0] ?? [];
    const unitMs = unitsMs[unit];
    return unitMs === undefined ? value : new Date(now.getTime() + Number(amount) * unitMs);
  };
  const read = (name: string): unknown => JSON.parse(readFileSync(join(__dirname, `${name}.json`), 'utf8'), toTime);
  // The cast is safe, because the files are part of the demo.
  return { owners: read('owners'), events: read('events'), questions: read('questions') } as DemoData;
}
