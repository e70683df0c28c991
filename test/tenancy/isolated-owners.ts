import type { AgentInput, DatabaseService } from '../../src';
import { agentInput, certificateInput } from '../support/factories';
import { fillDirectory, type Target } from '../support/public-calls';
import { allRawRows, type LocatedDatabase, type RawRow } from '../support/raw-reader';

type Mark = (text: string) => string;

const own: Mark = (text) => text;
const other: Mark = (text) => (text === 'test-owner' ? 'other-owner' : `other ${text}`);

const early = new Date('2001-01-01');

/** Fields of agents that both owners have. */
export const agentFields = {
  capabilities: ['plan', 'read'],
  metadata: { key: ['value'] },
  endpoints: [
    { id: 'main', protocol: 'mcp', address: 'a.example', port: 1, health: { status: 'HEALTHY', lastChecked: early } },
  ],
  createdAt: early,
  updatedAt: early,
} satisfies Partial<AgentInput>;

/**
 * Replaces all agents and certificates by the same records of the owner, and, unless `isAlone` is true, by records with
 * equal names of another owner. Removes all changes.
 */
export async function resetOwners(db: DatabaseService, isAlone: boolean): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.agents.deleteMany((await tx.agents.query({ includeExpired: true })).map(({ id }) => id));
    for (const { id } of await tx.certificates.query()) await tx.certificates.delete(id);
    await fillOwner(tx, own);
    if (!isAlone) await fillOwner(tx, other);
  });
  await db.pruneChanges({ before: new Date('2090-01-01') });
}

async function fillOwner(db: Target, mark: Mark): Promise<void> {
  await fillDirectory(db, mark);
  await db.createCertificate(certificateInput({ id: mark('rc'), status: 'REVOKED', fingerprint: mark('rc') }));
  for (const id of ['c-keep', 'c-suspend']) {
    await db.createCertificate(certificateInput({ id: mark(id), fingerprint: mark(id) }));
  }
  const agent = (id: string, fields: Partial<AgentInput> = {}): AgentInput =>
    agentInput({ id: mark(id), owner: mark('test-owner'), certificateId: mark('c'), ...agentFields, ...fields });
  const isOther = mark === other;
  const unique = { unique: 'owner-name-version' } as const;
  await db.createAgent(agent('p1', { name: 'planner', version: isOther ? '2.0.0' : '1.0.0' }), unique);
  await db.createAgent(agent('p2', { name: 'planner', version: isOther ? '2.1.0' : '1.1.0' }), unique);
  const revoked = agent('rv', { certificateId: mark('rc'), status: 'REVOKED' });
  await db.createAgent(revoked, { allowRevokedCertificate: true });
  await db.createAgent(agent('due', { name: 'due', expiresAt: new Date('2002-01-01') }));
  await db.createAgent(agent('keep', { certificateId: mark('c-keep') }));
  await db.createAgent(agent('suspend', { certificateId: mark('c-suspend') }));
  await db.createAgent(agent('old', { name: 'planner', version: '0.1.0' }));
  await db.agents.deprecate(mark('old'), { reason: 'old', successorId: mark('p1') });
}

/** Rows of agents and certificates and their changes. */
export interface OwnersRows {
  readonly own: Readonly<Record<string, readonly RawRow[]>>;
  readonly other: Readonly<Record<string, readonly RawRow[]>>;
}

const keys: Readonly<Record<string, string>> = {
  agents: 'id',
  endpoints: 'agent_id',
  agent_capabilities: 'agent_id',
  agent_metadata: 'agent_id',
  certificates: 'id',
  certificate_metadata: 'certificate_id',
  changes: 'entity_id',
};

/** Returns all rows of both owners. The changes are in order. */
export async function rowsOfOwners(database: LocatedDatabase): Promise<OwnersRows> {
  const tables = await allRawRows(database);
  const names = new Map((tables['capabilities'] ?? []).map(({ id, name }) => [id, name]));
  const rowsOf = (isOther: boolean) =>
    Object.fromEntries(
      Object.entries(keys).map(([table, key]) => {
        const rows = (tables[table] ?? []).filter((row) => String(row[key]).startsWith('other ') === isOther);
        return [table, rows.map((row) => comparable(row, names))];
      }),
    );
  return { own: rowsOf(false), other: rowsOf(true) };
}

/** Replaces the values that databases generate. */
function comparable(row: RawRow, names: ReadonlyMap<unknown, unknown>): RawRow {
  const { sequence, capability_id: capability, row_key: rowKey, ...others } = row;
  return {
    ...others,
    ...(sequence === undefined ? {} : { sequence: 'any' }),
    ...(rowKey === undefined ? {} : { row_key: 'any' }),
    ...(capability === undefined ? {} : { capability: names.get(capability) }),
  };
}
