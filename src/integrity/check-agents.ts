import { AgentStatus, HealthStatus, Uniqueness } from '../agents/types';
import { toNameKeys, toUniqueKey } from '../agents/unique-key';
import { toVersionKey } from '../agents/version-key';
import { hasValue } from '../sql/has-value';
import { sql } from '../sql/sql';
import type { Row } from '../sql/statement';
import { foldCase } from '../validation/fold-case';
import { walk } from '../runtime/walk';
import type { FindingSink } from '../storage/findings';
import type { Snapshot } from '../storage/snapshot';
import { HeldNames } from './held-names';
import { firstEmpty, firstNoText, Rules, subjectOf } from './rules';

const maxPosition = 2 ** 31 - 1;

/** Checks all stored agents with their endpoints and capabilities, but not their metadata. */
export async function checkAgents(snapshot: Snapshot, findings: FindingSink): Promise<void> {
  await findings.checkPart('agents', () => checkOwnRows(snapshot, findings));
  await findings.checkPart('endpoints', async () => {
    await checkEndpoints(snapshot, findings);
    await checkPositions(snapshot, findings);
  });
  await findings.checkPart('capabilities', async () => {
    await checkCapabilities(snapshot, findings);
    await checkLinks(snapshot, findings);
  });
}

async function checkOwnRows(snapshot: Snapshot, findings: FindingSink): Promise<void> {
  const heldNames = new HeldNames(snapshot, findings);
  const { toMs } = snapshot.dialect;
  const isOwn = sql`k.agent_id = a.id`;
  const hasEndpoint = hasValue(sql`endpoints`, sql`id`, sql`a.default_endpoint_id`, isOwn);
  const hasDefault = sql`a.default_endpoint_id IS NULL OR ${hasEndpoint}`;
  const hasCertificate = hasValue(sql`certificates`, sql`id`, sql`a.certificate_id`);
  const hasSuccessor = sql`a.successor_id IS NULL OR ${hasValue(sql`agents`, sql`id`, sql`a.successor_id`)}`;
  const columns = [
    ...[sql`a.id`, sql`a.name`, sql`a.name_folded`, sql`a.version`, sql`a.version_key`, sql`a.owner`],
    ...[sql`a.unique_key`, sql`a.status`, toMs(sql`a.created_at`), toMs(sql`a.updated_at`), toMs(sql`a.expires_at`)],
    ...[hasDefault, hasCertificate, hasSuccessor],
    ...[toMs(sql`a.deprecated_at`), sql`a.deprecation_reason`, sql`a.successor_id`],
    firstNoText(snapshot.dialect, {
      required: { publicKey: sql`a.public_key` },
      optional: { description: sql`a.description`, 'deprecation.reason': sql`a.deprecation_reason` },
    }),
    firstEmpty({ publicKey: sql`a.public_key` }),
  ];
  await walk(snapshot, { columns, from: sql`agents a`, key: ['a.id'] }, async (row) => {
    const [id, name, nameFolded, version, versionKey, owner, uniqueKey, status, created, updated, expires] = row;
    const rules = new Rules(findings, subjectOf('agent', id));
    rules.id(id);
    const isNamed = rules.requiredText(name, 'name');
    const isVersioned = rules.requiredText(version, 'version');
    const isOwned = rules.requiredText(owner, 'owner');
    if (isNamed) rules.derived(nameFolded, foldCase(name), 'nameFolded', 'the name');
    if (isVersioned) rules.derived(versionKey, toVersionKey(version), 'versionKey', 'the version');
    if (isNamed && isVersioned && isOwned) {
      const nameKeys = toNameKeys({ name, version, owner });
      const keys = Object.values(Uniqueness).map((uniqueness) => toUniqueKey(nameKeys, uniqueness));
      const isKey = keys.some((key) => key === uniqueKey);
      rules.holds(isKey, 'derived-column', 'does not match name, version and owner', 'uniqueKey');
      await heldNames.add({ id: String(id), name, version, owner, nameKeys });
    }
    rules.oneOf(status, AgentStatus, 'status');
    rules.time(created, 'createdAt');
    rules.time(updated, 'updatedAt');
    rules.time(expires, 'expiresAt');
    rules.holds(Boolean(row[11]), 'default-endpoint', "is not one of the agent's endpoints", 'defaultEndpoint');
    rules.reference(row[12], 'certificateId', 'a certificate');
    checkDeprecation(row.slice(13), { id, status }, rules);
    rules.texts(row[17]);
    rules.notEmpty(row[18]);
  });
  await heldNames.flush();
}

function checkDeprecation(
  [hasSuccessor, at, reason, successorId]: Row,
  { id, status }: { readonly id: unknown; readonly status: unknown },
  rules: Rules,
): void {
  rules.reference(hasSuccessor, 'deprecation.successorId', 'an agent');
  rules.holds(
    successorId === null || successorId !== id,
    'value',
    'refers to the agent itself',
    'deprecation.successorId',
  );
  if (at !== null) rules.time(at, 'deprecation.at');
  const isDeprecated = at !== null || (reason === null && successorId === null);
  rules.holds(isDeprecated, 'value', 'is missing, but the reason or the successor is set', 'deprecation.at');
  rules.holds(at === null || status !== 'ACTIVE', 'value', 'is ACTIVE, but the agent has a deprecation', 'status');
}

function checkEndpoints(snapshot: Snapshot, findings: FindingSink): Promise<void> {
  const columns = [
    ...[sql`e.agent_id`, sql`e.id`, sql`e.port`, sql`e.health_status`, snapshot.dialect.toMs(sql`e.last_checked`)],
    ...[sql`e.metadata`, hasValue(sql`agents`, sql`id`, sql`e.agent_id`), sql`e.position`],
    firstNoText(snapshot.dialect, {
      required: { protocol: sql`e.protocol`, address: sql`e.address` },
      optional: { 'health.message': sql`e.health_message` },
    }),
  ];
  return walk(snapshot, { columns, from: sql`endpoints e`, key: ['e.agent_id', 'e.id'] }, (row) => {
    const [agentId, id, port, status, lastChecked, metadata, hasAgent, position, noText] = row;
    const rules = new Rules(findings, { ...subjectOf('endpoint', id), ...ownerOf(agentId) });
    rules.texts(noText);
    rules.id(id);
    rules.wholeNumber(port, 1, 65_535, 'port');
    rules.wholeNumber(position, 0, maxPosition, 'position');
    rules.oneOf(status, HealthStatus, 'health.status');
    rules.time(lastChecked, 'health.lastChecked');
    if (metadata !== null) rules.canonicalJson(metadata, true);
    rules.reference(hasAgent, 'agentId', 'an agent');
  });
}

function checkPositions(snapshot: Snapshot, findings: FindingSink): Promise<void> {
  const columns = [
    ...[sql`e.agent_id`, sql`count(*)`, sql`count(DISTINCT e.position)`],
    ...[sql`min(e.position)`, sql`max(e.position)`],
  ];
  const groups = { columns, from: sql`endpoints e`, key: ['e.agent_id'], isGrouped: true };
  return walk(snapshot, groups, ([agentId, count, places, first, last]: Row) => {
    const rules = new Rules(findings, subjectOf('agent', agentId));
    const isSound = count === places && first === 0 && last === Number(count) - 1 && last <= maxPosition;
    rules.holds(isSound, 'endpoint-order', 'has endpoints whose positions are not 0, 1, 2 and so on', 'endpoints');
  });
}

function checkCapabilities(snapshot: Snapshot, findings: FindingSink): Promise<void> {
  const isUsed = hasValue(sql`agent_capabilities`, sql`capability_id`, sql`c.id`);
  const capabilities = { columns: [sql`c.id`, sql`c.name`, isUsed], from: sql`capabilities c`, key: ['c.id'] };
  return walk(snapshot, capabilities, ([id, name, isWanted]) => {
    const rules = new Rules(findings, subjectOf('capability', id));
    rules.id(id);
    rules.requiredText(name, 'name');
    rules.holds(Boolean(isWanted), 'orphan-capability', 'no agent has the capability');
  });
}

function checkLinks(snapshot: Snapshot, findings: FindingSink): Promise<void> {
  const columns = [
    ...[sql`l.agent_id`, sql`l.capability_id`, hasValue(sql`agents`, sql`id`, sql`l.agent_id`)],
    hasValue(sql`capabilities`, sql`id`, sql`l.capability_id`),
  ];
  const links = { columns, from: sql`agent_capabilities l`, key: ['l.agent_id', 'l.capability_id'] };
  return walk(snapshot, links, ([agentId, capabilityId, hasAgent, hasCapability]) => {
    new Rules(findings, { ...subjectOf('capability', capabilityId), ...ownerOf(agentId) }).reference(
      hasAgent,
      'agentId',
      'an agent',
    );
    new Rules(findings, subjectOf('agent', agentId)).reference(hasCapability, 'capabilities', 'a capability');
  });
}

function ownerOf(agentId: unknown): { readonly agentId?: string } {
  return typeof agentId === 'string' ? { agentId } : {};
}
