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
} from './data';
import { Random } from './random';

/** One kind of work, of which each contender does as much as it can. */
export interface Workload {
  readonly id: string;
  readonly title: string;
  /** Makes the operation of a place: all that is no contender's work is done before it is called. */
  prepare(contender: Contender, place: number): () => unknown;
  /** Reads back what the operation of a place has written. */
  readBack?(contender: Contender, place: number): unknown;
}

/** All workloads, reads first; the numbers are those of the package's targets. */
export function createWorkloads(agentCount: number): Workload[] {
  return [...agentReads(agentCount), ...otherReads(agentCount), ...writes(agentCount)];
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
    workload('W2', 'part of the name + any of 2 capabilities, 20', searchOf, (contender, [name, capabilities]) =>
      contender.searchAgents(name, capabilities, 20),
    ),
    workload(
      'W3',
      'all of 3 capabilities, 20',
      (place) => threeOf(anAgent(place, agentCount), agentCount),
      (contender, capabilities) => contender.ableAgents(capabilities, 20),
    ),
    workload(
      'W4',
      'agent by fingerprint',
      (place) => fingerprintOf(anAgent(place, agentCount)),
      (contender, fingerprint) => contender.agentsByFingerprint(fingerprint),
    ),
    workload(
      'W5',
      '50 agents of an owner',
      (place) => ownerOf(anAgent(place, agentCount), agentCount),
      (contender, owner) => contender.agentsOfOwner(owner, 50),
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

function writes(agentCount: number): Workload[] {
  const eventCount = agentCount * 10;
  const changed = (place: number): number => new Random(8, place).between(0, agentCount - 1);
  return [
    {
      ...workload(
        'W6',
        'createAgent',
        (place) => agentAt(agentCount + place, agentCount),
        (contender, agent) => contender.createAgent(agent),
      ),
      readBack: (contender, place) => contender.getAgent(agentId(agentCount + place)),
    },
    {
      ...workload(
        'W8',
        'updateAgent, all of it',
        (place) => agentAt(changed(place), agentCount, place + 1),
        (contender, agent) => contender.updateAgent(agent),
      ),
      readBack: (contender, place) => contender.getAgent(agentId(changed(place))),
    },
    workload(
      'W9',
      'recordSecurityEvent',
      (place) => eventAt(eventCount + place, eventCount),
      (contender, event) => contender.recordEvent(event),
    ),
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
    prepare: (contender, place) => {
      const argument = argumentOf(place);
      return () => run(contender, argument);
    },
  };
}

function searchOf(place: number): [name: string, capabilities: string[]] {
  const random = new Random(2, place);
  return [namePartOf(random), drawCapabilities(random, 2)];
}

// Of one agent, so that there is always something to find.
function threeOf(agent: number, agentCount: number): string[] {
  for (let candidate = agent; ; candidate += 1) {
    const { capabilities } = agentAt(candidate, agentCount);
    if (capabilities.length >= 3) return capabilities.slice(0, 3);
  }
}

// A tenth of all time.
function spanOf(place: number, agentCount: number): [from: Date, to: Date] {
  const spanMs = agentCount * eventIntervalMs;
  const from = nowMs - Math.floor((1 + new Random(3, place).next() * 9) * spanMs);
  return [new Date(from), new Date(from + spanMs)];
}
