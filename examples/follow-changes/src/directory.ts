import type { AgentRecord, Change, DatabaseService } from 'ans-database';

/** Agent as the read model keeps it. */
export interface Entry {
  readonly name: string;
  readonly capabilities: readonly string[];
}

/** Read model: the active agents by id, and the position in the change feed that it has reached. */
export interface Directory {
  position: number | undefined;
  readonly agents: Map<string, Entry>;
}

/** Applies a page of changes. Applying it again does no harm, because it reads the current state of the agents. */
export async function applyChanges(
  directory: Directory,
  changes: readonly Change[],
  db: DatabaseService,
): Promise<void> {
  const ids = [...new Set(changes.filter(({ entity }) => entity === 'agent').map(({ id }) => id))];
  // A replica might not have the changes yet.
  const agents = await db.agents.getMany(ids, { consistency: 'primary' });
  ids.forEach((id, index) => apply(directory, id, agents[index] ?? null));
  directory.position = changes.at(-1)?.sequence ?? directory.position;
}

/** Reads all agents. The position is taken first, so that no change between the two is missed. */
export async function rebuild(db: DatabaseService): Promise<Directory> {
  const [oldest] = await db.changes({ limit: 1 });
  const directory: Directory = { position: oldest?.sequence, agents: new Map() };
  for await (const agent of db.agents.iterate({}, { consistency: 'primary' })) apply(directory, agent.id, agent);
  return directory;
}

function apply({ agents }: Directory, id: string, agent: AgentRecord | null): void {
  if (agent?.status === 'ACTIVE') agents.set(id, { name: agent.name, capabilities: agent.capabilities });
  else agents.delete(id);
}
