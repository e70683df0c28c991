import type { AgentRecord, EndpointHealthReport } from '../../src';
import { setEndpointHealth } from './agent-change-model';
import {
  answers,
  fails,
  withFeedEntries,
  toFeedEntry,
  type Directory,
  type Prediction,
  type Settings,
} from './prediction';

/**
 * Predicts `agents.recordHealth`: the same as `setEndpointHealth` for each report that is not older than the stored
 * health, but the feed contains only the agents with an endpoint whose status has changed.
 */
export function recordHealth(
  directory: Directory,
  settings: Settings,
  reports: readonly EndpointHealthReport[],
): Prediction {
  if (reports.some(({ agentId, endpointId }) => agentId === '' || endpointId === '')) {
    return fails(directory, 'INVALID_INPUT');
  }
  const found = reports.map(({ agentId, endpointId }) => healthIn(directory, agentId, endpointId) !== undefined);
  if (reports.length === 0) return answers(directory, []);
  const after = reports.reduce((before, report) => recordOne(before, settings, report), directory);
  const ids = [...new Set(reports.map(({ agentId }) => agentId))];
  const changed = ids.filter((id) => hasOtherStatus(directory.agents.get(id), after.agents.get(id)));
  const changes = changed.map((id) => toFeedEntry('agent', id, 'UPDATED', settings.nowMs));
  return {
    outcomes: [{ result: found }],
    next: () => withFeedEntries({ ...directory, agents: after.agents }, changes),
  };
}

function recordOne(directory: Directory, settings: Settings, report: EndpointHealthReport): Directory {
  const { agentId, endpointId, ...health } = report;
  const stored = healthIn(directory, agentId, endpointId);
  const time = health.lastChecked?.getTime() ?? settings.nowMs;
  if (stored === undefined || stored.lastChecked.getTime() > time) return directory;
  return setEndpointHealth(directory, settings, agentId, endpointId, health).next(true);
}

function healthIn(directory: Directory, agentId: string, endpointId: string) {
  return directory.agents.get(agentId)?.endpoints.find(({ id }) => id === endpointId)?.health;
}

function hasOtherStatus(before: AgentRecord | undefined, after: AgentRecord | undefined): boolean {
  return (before?.endpoints ?? []).some(
    ({ health }, index) => after?.endpoints[index]?.health.status !== health.status,
  );
}
