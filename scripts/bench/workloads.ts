import type { BenchRequest, Contender } from './contender';
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
  type BenchAgent,
  type DatabaseSize,
} from './data';
import { Random } from './random';

/** Kind of operation that each contender repeats as often as it can. */
export interface Workload {
  readonly id: string;
  readonly title: string;
  readonly writes: boolean;
  /** False when only the contenders in `directoryNames` implement the operation. */
  readonly isForAll: boolean;
  /** Number of operations whose results are compared before the measurement starts. */
  readonly checkedOperations: number;
  /**
   * Returns the operation with an index. Generates the arguments of the operation in advance, so that this is not
   * measured.
   */
  prepare(contender: Contender, index: number): () => unknown;
  /** Reads the records that the operation with an index has written. */
  readBack?(contender: Contender, index: number): unknown;
}

/** Returns all workloads of the benchmark, reads first. */
export function createWorkloads(size: DatabaseSize): Workload[] {
  const { agentCount } = size;
  return [...agentReads(agentCount), ...agentLists(agentCount), ...otherReads(size), ...writes(size)];
}

/** Returns the index of a random agent. The same `index` always gives the same agent. */
function randomAgent(index: number, agentCount: number): number {
  return new Random(1, index).between(0, agentCount - 1);
}

function agentReads(agentCount: number): Workload[] {
  return [
    workload(
      'W1',
      'getAgent',
      (index) => agentId(randomAgent(index, agentCount)),
      (contender, id) => contender.getAgent(id),
    ),
    workload('W2', 'part of the name + any of 2 capabilities, 20', searchOf, search),
    workload(
      'W2s',
      'the same, a part that few names have',
      (index) => selectiveSearchOf(randomAgent(index, agentCount), agentCount),
      search,
    ),
    workload(
      'W3',
      'all of 3 capabilities, 20',
      (index) => threeCapabilitiesOf(randomAgent(index, agentCount), agentCount, 0),
      searchByAll,
    ),
    workload(
      'W3s',
      'the same, one capability is rare',
      (index) => threeCapabilitiesOf(rareAgent(randomAgent(index, agentCount)), agentCount, -3),
      searchByAll,
    ),
    workload(
      'W4',
      'agent by fingerprint',
      (index) => fingerprintOf(randomAgent(index, agentCount)),
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
      `${size} agents after an offset of ${deepest}`,
      (index) => Math.max(0, deepest - new Random(5, index).between(0, 99)),
      (contender, offset) => contender.agentsAtOffset(offset, size),
    ),
    workload(
      'W5key',
      `the next page of ${size} agents`,
      (index) => index % pages === 0,
      (contender, isFirst) => contender.nextPage(isFirst, size),
    ),
    workload(
      'W5own',
      `${size} agents of an owner`,
      (index) => ownerOf(randomAgent(index, agentCount), agentCount),
      (contender, owner) => contender.agentsOfOwner(owner, size),
    ),
  ];
}

function otherReads({ agentCount, eventCount }: DatabaseSize): Workload[] {
  return [
    workload(
      'W10',
      'events by time and severity, 100',
      (index) => spanOf(index, eventCount),
      (contender, [from, to]) => contender.queryEvents(from, to, ['HIGH', 'CRITICAL'], 100),
    ),
    workload(
      'W11',
      'certificate by fingerprint',
      (index) => fingerprintOf(randomAgent(index, agentCount)),
      (contender, fingerprint) => contender.getCertificateByFingerprint(fingerprint),
    ),
    {
      ...workload(
        'W13',
        'resolve: name, owner, version range, protocol, capability',
        (index) => requestFor(agentAt(randomAgent(index, agentCount), agentCount)),
        (contender, request) => contender.resolve?.(request),
      ),
      isForAll: false,
    },
    {
      ...workload(
        'W15',
        'facets of a filtered query',
        (index) => drawCapabilities(new Random(4, index), 1)[0] ?? '',
        (contender, capability) => contender.facets?.(capability),
      ),
      isForAll: false,
    },
  ];
}

/**
 * Distance between two updated agents. It is a prime, so its multiples reach all agents, unless the number of agents is
 * a multiple of it.
 */
const stride = 7919;

function writes({ agentCount, eventCount }: DatabaseSize): Workload[] {
  const batchSize = Math.min(1000, agentCount);
  // The agents that W14 updates when the results are compared are others than those of W8, even when there are few agents.
  const updateBatchSize = Math.min(1000, Math.floor(agentCount / 2));
  // Updates scattered agents, and each agent once before any agent is updated again. Otherwise two updates of an agent
  // could be in the same millisecond, for which only this package stores different times.
  const updatedAgent = (index: number): number => (index * stride) % agentCount;
  // The indexes of createAgents are far greater than those of createAgent, so the two workloads never create the same
  // agent.
  const batchStart = (index: number): number => 20_000_000 + index * batchSize;
  const updateStart = (index: number): number => 25 + index * updateBatchSize;
  const transactionStart = (index: number): number => 500_000_000 + index * 3;
  return [
    {
      ...workload(
        'W6',
        'createAgent',
        (index) => agentAt(agentCount + index, agentCount),
        (contender, agent) => contender.createAgent(agent),
      ),
      writes: true,
      readBack: (contender, index) => contender.getAgent(agentId(agentCount + index)),
    },
    {
      ...workload(
        'W7',
        `${batchSize} agents in one call`,
        (index) => Array.from({ length: batchSize }, (_, offset) => agentAt(batchStart(index) + offset, agentCount)),
        (contender, agents) => contender.createAgents(agents),
      ),
      writes: true,
      // A second call would add a thousand agents more. From 12,000 agents on, SQLite searches run in a thread.
      checkedOperations: 1,
      readBack: (contender, index) => contender.getAgent(agentId(batchStart(index))),
    },
    {
      ...workload(
        'W8',
        'updateAgent, all fields',
        (index) => agentAt(updatedAgent(index), agentCount, index + 1),
        (contender, agent) => contender.updateAgent(agent),
      ),
      writes: true,
      readBack: (contender, index) => contender.getAgent(agentId(updatedAgent(index))),
    },
    {
      ...workload(
        'W9',
        'recordSecurityEvent',
        (index) => eventAt(eventCount + index, eventCount),
        (contender, event) => contender.recordEvent(event),
      ),
      writes: true,
    },
    {
      ...workload(
        'W12',
        'transaction of 3 createAgent and an event',
        (index) => ({
          agents: [0, 1, 2].map((place) => agentAt(transactionStart(index) + place, agentCount)),
          event: eventAt(100_000_000 + index, eventCount),
        }),
        (contender, { agents, event }) => contender.transact(agents, event),
      ),
      writes: true,
      readBack: (contender, index) => contender.getAgent(agentId(transactionStart(index) + 2)),
    },
    {
      ...workload(
        'W14',
        `updateMany, ${updateBatchSize} agents`,
        (index) =>
          Array.from({ length: updateBatchSize }, (_, offset) =>
            agentAt(updatedAgent(updateStart(index) + offset), agentCount, index + 1),
          ),
        (contender, agents) => contender.updateAgents?.(agents),
      ),
      writes: true,
      isForAll: false,
      checkedOperations: 1,
      readBack: (contender, index) => contender.getAgent(agentId(updatedAgent(updateStart(index)))),
    },
  ];
}

function workload<A>(
  id: string,
  title: string,
  argumentOf: (index: number) => A,
  run: (contender: Contender, argument: A) => unknown,
): Workload {
  return {
    id,
    title,
    writes: false,
    isForAll: true,
    checkedOperations: 25,
    prepare: (contender, index) => {
      const argument = argumentOf(index);
      return () => run(contender, argument);
    },
  };
}

type Search = readonly [name: string, capabilities: readonly string[]];

function search(contender: Contender, [name, capabilities]: Search): unknown {
  return contender.searchAgents(name, capabilities, 20);
}

function searchByAll(contender: Contender, capabilities: readonly string[]): unknown {
  return contender.agentsWithAll(capabilities, 20);
}

function searchOf(index: number): Search {
  const random = new Random(2, index);
  return [namePartOf(random), drawCapabilities(random, 2)];
}

// Returns a search for the last eight characters of an agent's name. They contain the number of the agent, so few names
// match, regardless of the number of agents.
function selectiveSearchOf(agent: number, agentCount: number): Search {
  const { name, capabilities } = agentAt(agent, agentCount);
  return [name.slice(-8).toLowerCase(), capabilities.slice(0, 2)];
}

// Returns three capabilities of one agent, so that at least this agent matches. With a negative `from`, returns the
// last capabilities of the agent.
function threeCapabilitiesOf(agent: number, agentCount: number, from: number): string[] {
  for (let candidate = agent; ; candidate += 4) {
    const { capabilities } = agentAt(candidate, agentCount);
    if (capabilities.length >= 3) return from < 0 ? capabilities.slice(from) : capabilities.slice(0, 3);
  }
}

function requestFor({ name, owner, version, endpoints, capabilities }: BenchAgent): BenchRequest {
  const { protocol } = endpoints[0] ?? { protocol: '' };
  return { name, owner, major: Number.parseInt(version, 10), protocol, capability: capabilities[0] ?? '' };
}

/** Returns a random span of time that contains a tenth of all events. */
function spanOf(index: number, eventCount: number): [from: Date, to: Date] {
  const spanMs = Math.floor(eventCount / 10) * eventIntervalMs;
  const from = nowMs - Math.floor((1 + new Random(3, index).next() * 9) * spanMs);
  return [new Date(from), new Date(from + spanMs)];
}
