import type { AgentInput, AgentRecord } from '../../src';

type RevisedFields = Pick<AgentInput, 'version' | 'endpoints' | 'capabilities' | 'metadata'>;

/** Returns the agent of a revision: every field contains the revision, so that half of a write is detected. */
export function revised(revision: number): RevisedFields & Pick<Required<AgentInput>, 'version'> {
  return {
    version: `1.${revision}.0`,
    endpoints: ['first', 'second'].map((id) => ({
      id,
      protocol: 'https',
      address: 'https://agent.example',
      port: 1000 + revision,
    })),
    capabilities: [`revision-${revision}`, 'shared'],
    metadata: { revision },
  };
}

/** The revision that an agent is at, as each of its parts has it; more than one where half of a write is there. */
export function revisionsOf({ version, endpoints, capabilities, metadata }: AgentRecord): number[] {
  const parts = [
    Number(version.split('.')[1]),
    ...[0, 1].map((index) => (endpoints[index]?.port ?? NaN) - 1000),
    Number(capabilities[0]?.replace('revision-', '')),
    Number(metadata['revision']),
  ];
  return [...new Set(parts)];
}
