import type { Contender } from './contender';
import {
  agentAt,
  agentId,
  drawCapabilities,
  eventAt,
  eventIntervalMs,
  fingerprintOf,
  namePartOf,
  nowMs,
  ownerOf,
  rareAgent,
} from './data';
import { Random } from './random';

/** Kind of operation. Each contender repeats it as often as it can. */
export interface Workload {
  readonly id: string;
  readonly title: string;
  readonly writes: boolean;
  /** Number of records in one operation. */
  readonly records: number;
  /** Number of operations that are compared before the measurement starts. */
  readonly checkedPlaces: number;
  /** Makes the operation of a place: all that is no contender's work is done before it is called. */
  prepare(contender: Contender, place: number): () => unknown;
  /** Reads back what the operation of a place has written. */
  readBack?(contender: Contender, place: number): unknown;
}

/** All workloads, reads first; the numbers are those of the package's targets. */
export function createWorkloads(agentCount: number): Workload[] {
  return [...agentReads(agentCount), ...agentLists(agentCount), ...otherReads(agentCount), ...writes(agentCount)];
}

function anAgent(place: number, agentCount: number): number {
  return new Random(1, place).between(0, agentCount - 1);
}

function agentReads(agentCount: number): Workload[] {
  return [
    workload(
      'W1',
      'getAgent',
      (place) => agentId(anAgent(place, agentCount)),
      (contender, id) => contender.getAgent(id),
    ),
    workload('W2', 'part of the name + any of 2 capabilities, 20', searchOf, search),
    workload(
      'W2s',
      'the same, by a part that few names have',
      (place) => selectiveSearchOf(anAgent(place, agentCount), agentCount),
      search,
    ),
    workload('W3', 'all of 3 capabilities, 20', (place) => threeOf(anAgent(place, agentCount), agentCount, 0), able),
    workload(
      'W3s',
      'the same, one of which few agents have',
      (place) => threeOf(rareAgent(anAgent(place, agentCount)), agentCount, -3),
      able,
    ),
    workload(
      'W4',
      'agent by fingerprint',
      (place) => fingerprintOf(anAgent(place, agentCount)),
      (contender, fingerprint) => contender.agentsByFingerprint(fingerprint),
    ),
  ];
}

function agentLists(agentCount: number): Workload[] {
  const size = 50;
  const deepest = Math.min(10_000, Math.floor(agentCount * 0.4));
  const pages = Math.max(1, Math.floor(agentCount / size));
  return [
    workload(
      'W5off',
      `${size} agents behind ${deepest}`,
      (place) => Math.max(0, deepest - new Random(5, place).between(0, 99)),
      (contender, offset) => contender.agentsAtOffset(offset, size),
    ),
    workload(
      'W5key',
      `the next page of ${size} agents`,
      (place) => place % pages === 0,
      (contender, isFirst) => contender.nextPage(isFirst, size),
    ),
    workload(
      'W5own',
      `${size} agents of an owner`,
      (place) => ownerOf(anAgent(place, agentCount), agentCount),
      (contender, owner) => contender.agentsOfOwner(owner, size),
    ),
  ];
}

function otherReads(agentCount: number): Workload[] {
  return [
    workload(
      'W10',
      'events by time and severity, 100',
      (place) => spanOf(place, agentCount),
      (contender, [from, to]) => contender.queryEvents(from, to, ['HIGH', 'CRITICAL'], 100),
    ),
    workload(
      'W11',
      'certificate by fingerprint',
      (place) => fingerprintOf(anAgent(place, agentCount)),
      (contender, fingerprint) => contender.getCertificateByFingerprint(fingerprint),
    ),
  ];
}

/** A prime number: its multiples reach all agents of a directory of any usual size. */
const scatter = 7919;

function writes(agentCount: number): Workload[] {
  const eventCount = agentCount * 10;
  const batchSize = Math.min(1000, agentCount);
  // Scattered, and every agent once before any agent is changed again. This package gives a second change a later time
  // than the first, even when the clock stands still. Other contenders do not.
  const changed = (place: number): number => (place * scatter) % agentCount;
  // Far behind those that are created one by one.
  const batchStart = (place: number): number => 20_000_000 + place * batchSize;
  return [
    {
      ...workload(
        'W6',
        'createAgent',
        (place) => agentAt(agentCount + place, agentCount),
        (contender, agent) => contender.createAgent(agent),
      ),
      writes: true,
      readBack: (contender, place) => contender.getAgent(agentId(agentCount + place)),
    },
    {
      ...workload(
        'W7',
        `${batchSize} agents at once`,
        (place) => Array.from({ length: batchSize }, (_, index) => agentAt(batchStart(place) + index, agentCount)),
        (contender, agents) => contender.createAgents(agents),
      ),
      writes: true,
      records: batchSize,
      checkedPlaces: 2,
      readBack: (contender, place) => contender.getAgent(agentId(batchStart(place))),
    },
    {
      ...workload(
        'W8',
        'updateAgent, all of it',
        (place) => agentAt(changed(place), agentCount, place + 1),
        (contender, agent) => contender.updateAgent(agent),
      ),
      writes: true,
      readBack: (contender, place) => contender.getAgent(agentId(changed(place))),
    },
    {
      ...workload(
        'W9',
        'recordSecurityEvent',
        (place) => eventAt(eventCount + place, eventCount),
        (contender, event) => contender.recordEvent(event),
      ),
      writes: true,
    },
  ];
}

function workload<A>(
  id: string,
  title: string,
  argumentOf: (place: number) => A,
  run: (contender: Contender, argument: A) => unknown,
): Workload {
  return {
    id,
    title,
    writes: false,
    records: 1,
    checkedPlaces: 25,
    prepare: (contender, place) => {
      const argument = argumentOf(place);
      return () => run(contender, argument);
    },
  };
}

type Search = readonly [name: string, capabilities: readonly string[]];

function search(contender: Contender, [name, capabilities]: Search): unknown {
  return contender.searchAgents(name, capabilities, 20);
}

function able(contender: Contender, capabilities: readonly string[]): unknown {
  return contender.agentsWithAll(capabilities, 20);
}

function searchOf(place: number): Search {
  const random = new Random(2, place);
  return [namePartOf(random), drawCapabilities(random, 2)];
}

// The end of one agent's name, with the space before it: whatever their number, few have the same.
function selectiveSearchOf(agent: number, agentCount: number): Search {
  const { name, capabilities } = agentAt(agent, agentCount);
  return [name.slice(-8).toLowerCase(), capabilities.slice(0, 2)];
}

// Of one agent, so that there is always something to find.
function threeOf(agent: number, agentCount: number, from: number): string[] {
  for (let candidate = agent; ; candidate += 4) {
    const { capabilities } = agentAt(candidate, agentCount);
    if (capabilities.length >= 3) return from < 0 ? capabilities.slice(from) : capabilities.slice(0, 3);
  }
}

// A tenth of all time.
function spanOf(place: number, agentCount: number): [from: Date, to: Date] {
  const spanMs = agentCount * eventIntervalMs;
  const from = nowMs - Math.floor((1 + new Random(3, place).next() * 9) * spanMs);
  return [new Date(from), new Date(from + spanMs)];
}
