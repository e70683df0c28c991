import type { AgentInput, CertificateInput, SecurityEventInput } from '../../src';
import { agentAt, certificateAt, eventAt, eventIntervalMs, nowMs } from '../../scripts/bench/data';

/** Numbers of records. */
export interface Sizes {
  readonly agents: number;
  readonly events: number;
}

/** Expiry times: `overAt` has passed, and `lastingUntil` is far in the future. */
const overAt = new Date('2020-01-01T00:00:00.000Z');
const lastingUntil = new Date('2200-01-01T00:00:00.000Z');

/** Every `revokedEvery`-th record is REVOKED, and every `lastingEvery`-th record does not expire. */
const revokedEvery = 10;
const lastingEvery = 4;
/** Every `mitigatedEvery`-th event has a mitigation entry in the chain. */
export const mitigatedEvery = 1000;

/**
 * Returns an agent. One in ten is REVOKED, which `expireDue` must not change. Three in four of all agents have expired.
 */
export function bigAgent(index: number, { agents }: Sizes): AgentInput {
  return {
    ...agentAt(index, agents),
    status: index % revokedEvery === 0 ? 'REVOKED' : 'ACTIVE',
    expiresAt: index % lastingEvery === 0 ? lastingUntil : overAt,
  };
}

/** Returns a certificate, one for each agent. The proportions are those of the agents. */
export function bigCertificate(index: number): CertificateInput {
  return {
    ...certificateAt(index),
    status: index % revokedEvery === 0 ? 'REVOKED' : 'VALID',
    notBefore: new Date('2019-01-01T00:00:00.000Z'),
    notAfter: index % lastingEvery === 0 ? lastingUntil : overAt,
  };
}

/** Returns the number of agents or certificates that `expireDue` changes. */
export function countDue(count: number): number {
  let due = 0;
  for (let index = 0; index < count; index += 1) if (index % revokedEvery !== 0 && index % lastingEvery !== 0) due += 1;
  return due;
}

/**
 * Returns an event. The events are in the order of their times, but the event in the middle of the chain is the newest.
 * A pruning of old events keeps it, and with it all later entries of the chain.
 */
export function bigEvent(index: number, sizes: Sizes): SecurityEventInput {
  const event = eventAt(index, sizes.events);
  return index === lastingPlace(sizes) ? { ...event, timestamp: new Date(nowMs) } : event;
}

/** Returns the time before which three in four events were recorded. */
export function pruneTime({ events }: Sizes): Date {
  return new Date(nowMs - (events - prunedPlaces({ events })) * eventIntervalMs);
}

/** Returns the number of events before `pruneTime`. */
export function countPrunable(sizes: Pick<Sizes, 'events'>): number {
  return prunedPlaces(sizes) - 1;
}

/** Returns the number of chain entries before the newest event, which is in the middle of the chain. */
export function countBeforeLasting(sizes: Sizes): number {
  return lastingPlace(sizes);
}

/** A time that is later than that of any event. */
export const afterAllEvents = new Date(nowMs + 1);

function prunedPlaces({ events }: Pick<Sizes, 'events'>): number {
  return Math.floor((events * 3) / 4);
}

function lastingPlace({ events }: Sizes): number {
  return Math.floor(events / 2);
}
