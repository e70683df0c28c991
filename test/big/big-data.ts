import type { AgentInput, CertificateInput, SecurityEventInput } from '../../src';
import { agentAt, certificateAt, eventAt, eventIntervalMs, nowMs } from '../../scripts/bench/data';

/** Numbers of records. */
export interface Sizes {
  readonly agents: number;
  readonly events: number;
}

/** Past already for whoever runs this, and not for a long time yet. */
const overAt = new Date('2020-01-01T00:00:00.000Z');
const lastingUntil = new Date('2200-01-01T00:00:00.000Z');

/** Every so many-th of them. */
const revokedEvery = 10;
const lastingEvery = 4;
/** Every so many-th event has a mitigation of its own in the chain. */
export const mitigatedEvery = 1000;

/** One in ten is revoked, which no sweep may touch; of all, three in four are due. */
export function bigAgent(index: number, { agents }: Sizes): AgentInput {
  return {
    ...agentAt(index, agents),
    status: index % revokedEvery === 0 ? 'REVOKED' : 'ACTIVE',
    expiresAt: index % lastingEvery === 0 ? lastingUntil : overAt,
  };
}

/** The same of certificates, one to an agent. */
export function bigCertificate(index: number): CertificateInput {
  return {
    ...certificateAt(index),
    status: index % revokedEvery === 0 ? 'REVOKED' : 'VALID',
    notBefore: new Date('2019-01-01T00:00:00.000Z'),
    notAfter: index % lastingEvery === 0 ? lastingUntil : overAt,
  };
}

/** Number of agents or certificates that are due. */
export function countDue(count: number): number {
  let due = 0;
  for (let index = 0; index < count; index += 1) if (index % revokedEvery !== 0 && index % lastingEvery !== 0) due += 1;
  return due;
}

/**
 * The later the place, the newer the event; but the one in the middle of the chain is the newest of all. Where events are
 * pruned from the oldest on, it stays, and all that lies behind it in the chain with it.
 */
export function bigEvent(index: number, sizes: Sizes): SecurityEventInput {
  const event = eventAt(index, sizes.events);
  return index === lastingPlace(sizes) ? { ...event, timestamp: new Date(nowMs) } : event;
}

/** The time from which on one event in four is left. */
export function pruneTime({ events }: Sizes): Date {
  return new Date(nowMs - (events - prunedPlaces({ events })) * eventIntervalMs);
}

/** Number of events from before that time. */
export function countPrunable(sizes: Pick<Sizes, 'events'>): number {
  return prunedPlaces(sizes) - 1;
}

/** Number of chain entries before the event that stays. */
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
