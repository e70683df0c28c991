import { toFingerprintKey } from '../certificates/fingerprint';
import { CertificateStatus, RevocationReason } from '../certificates/types';
import { ChangeKind } from '../changes/types';
import { verifyChain } from '../events/chain/verify';
import { SecuritySeverity } from '../events/types';
import type { MetadataTable } from '../query/metadata-condition';
import { walk } from '../runtime/walk';
import { hasValue } from '../sql/has-value';
import type { Enumeration } from '../sql/model';
import { raw, sql } from '../sql/sql';
import { toStatement } from '../sql/statement';
import type { CheckedEntity, FindingSink } from '../storage/findings';
import type { Snapshot } from '../storage/snapshot';
import { foldCase } from '../validation/fold-case';
import { checkAgents } from './check-agents';
import { firstEmpty, firstNoText, Rules, subjectOf } from './rules';

/**
 * Maximum number of characters of a metadata value that is read together with other values. Longer values are read one
 * by one, because many of them may not fit into memory together.
 */
const longValue = 65_536;

type Owner = MetadataTable & {
  readonly ownerTable: 'agents' | 'certificates' | 'security_events';
  readonly entity: CheckedEntity;
};

const metadataTables: readonly Owner[] = [
  { table: 'agent_metadata', ownerColumn: 'agent_id', ownerTable: 'agents', entity: 'agent' },
  { table: 'certificate_metadata', ownerColumn: 'certificate_id', ownerTable: 'certificates', entity: 'certificate' },
  {
    table: 'security_event_metadata',
    ownerColumn: 'event_id',
    ownerTable: 'security_events',
    entity: 'securityEvent',
  },
];

const changedEntities: Enumeration<'ChangeEntity'> = { AGENT: 'AGENT', CERTIFICATE: 'CERTIFICATE' };
const entryKinds: Enumeration<'SecurityEventEntryKind'> = {
  MITIGATED: 'MITIGATED',
  PRUNED: 'PRUNED',
  RECORDED: 'RECORDED',
};

/** Checks all records of a snapshot. Also checks the rules that no constraint of a database can express. */
export async function checkRecords(snapshot: Snapshot, findings: FindingSink): Promise<void> {
  await checkAgents(snapshot, findings);
  await findings.checkPart('certificates', () => checkCertificates(snapshot, findings));
  await findings.checkPart('security events', async () => {
    await checkEvents(snapshot, findings);
    for (const entries of entryTables) await checkEntries(snapshot, entries, findings);
  });
  for (const owner of metadataTables) {
    await findings.checkPart(`metadata of ${owner.ownerTable}`, () => checkMetadata(snapshot, owner, findings));
  }
  await findings.checkPart('the change feed', () => checkChanges(snapshot, findings));
  await findings.checkPart('the event chain', () => checkChain(snapshot, findings));
}

function checkCertificates(snapshot: Snapshot, findings: FindingSink): Promise<void> {
  const { toMs } = snapshot.dialect;
  const hasSuccessor = sql`c.replaced_by IS NULL OR ${hasValue(sql`certificates`, sql`id`, sql`c.replaced_by`)}`;
  const columns = [
    ...[sql`c.id`, sql`c.subject`, sql`c.subject_folded`, sql`c.issuer`, sql`c.issuer_folded`, sql`c.fingerprint`],
    ...[sql`c.fingerprint_key`, sql`c.status`, toMs(sql`c.not_before`), toMs(sql`c.not_after`)],
    ...[toMs(sql`c.created_at`), toMs(sql`c.revoked_at`), sql`c.revocation_reason`, sql`c.replaced_by`, hasSuccessor],
    firstNoText(snapshot.dialect, {
      required: { publicKey: sql`c.public_key`, certificate: sql`c.certificate` },
      optional: { serialNumber: sql`c.serial_number` },
    }),
    firstEmpty({ publicKey: sql`c.public_key` }),
  ];
  return walk(snapshot, { columns, from: sql`certificates c`, key: ['c.id'] }, (row) => {
    const [id, subject, subjectFolded, issuer, issuerFolded, fingerprint, fingerprintKey, status] = row;
    const [notBefore, notAfter, createdAt, revokedAt, reason, successor, isThere, noText, empty] = row.slice(8);
    const rules = new Rules(findings, subjectOf('certificate', id));
    rules.id(id);
    if (rules.text(subject, 'subject')) rules.derived(subjectFolded, foldCase(subject), 'subjectFolded', 'the subject');
    if (rules.text(issuer, 'issuer')) rules.derived(issuerFolded, foldCase(issuer), 'issuerFolded', 'the issuer');
    if (rules.requiredText(fingerprint, 'fingerprint')) {
      rules.derived(fingerprintKey, toFingerprintKey(fingerprint), 'fingerprintKey', 'the fingerprint');
    }
    rules.oneOf(status, CertificateStatus, 'status');
    rules.time(notBefore, 'notBefore');
    rules.time(notAfter, 'notAfter');
    rules.time(createdAt, 'createdAt');
    if (revokedAt !== null) rules.time(revokedAt, 'revokedAt');
    if (reason !== null) rules.oneOf(reason, RevocationReason, 'revocationReason');
    const isRevoked = status === 'REVOKED' || (revokedAt === null && reason === null);
    rules.holds(isRevoked, 'value', 'is not REVOKED, but revokedAt or revocationReason is set', 'status');
    rules.reference(isThere, 'replacedBy', 'a certificate');
    rules.texts(noText);
    rules.notEmpty(empty);
    rules.holds(successor === null || successor !== id, 'value', 'refers to the certificate itself', 'replacedBy');
  });
}

function checkEvents(snapshot: Snapshot, findings: FindingSink): Promise<void> {
  const columns = [
    ...[
      sql`s.id`,
      snapshot.dialect.toMs(sql`s.timestamp`),
      sql`s.event_type`,
      sql`s.severity`,
      sql`s.mitigation_applied`,
    ],
    firstNoText(snapshot.dialect, {
      required: { source: sql`s.source`, target: sql`s.target`, description: sql`s.description` },
      optional: { mitigationDetails: sql`s.mitigation_details` },
    }),
  ];
  return walk(snapshot, { columns, from: sql`security_events s`, key: ['s.id'] }, (row) => {
    const [id, timestamp, eventType, severity, applied, noText] = row;
    const rules = new Rules(findings, subjectOf('securityEvent', id));
    rules.id(id);
    rules.time(timestamp, 'timestamp');
    rules.requiredText(eventType, 'eventType');
    rules.oneOf(severity, SecuritySeverity, 'severity');
    rules.flag(applied, 'mitigationApplied');
    rules.texts(noText);
  });
}

/** Tables of event chain entries, with their primary keys. */
const entryTables = [
  { table: 'security_event_entries', key: 'e.sequence', hash: { 'entry.hash': sql`e.hash` } },
  { table: 'security_event_pending_entries', key: 'e.id', hash: undefined },
] as const;

function checkEntries(
  snapshot: Snapshot,
  { table, key, hash }: (typeof entryTables)[number],
  findings: FindingSink,
): Promise<void> {
  const columns = [
    ...[raw(key), sql`e.event_id`, sql`e.kind`, sql`e.mitigation_applied`],
    snapshot.dialect.toMs(sql`e.entered_at`),
    firstNoText(snapshot.dialect, {
      required: { 'entry.digest': sql`e.digest`, ...hash },
      optional: { 'entry.mitigationDetails': sql`e.mitigation_details` },
    }),
  ];
  return walk(snapshot, { columns, from: sql`${raw(table)} e`, key: [key] }, (row) => {
    const [, eventId, kind, applied, enteredAt, noText] = row;
    const rules = new Rules(findings, subjectOf('securityEvent', eventId));
    rules.text(eventId, 'id');
    rules.oneOf(kind, entryKinds, 'entry.kind');
    if (applied !== null) rules.flag(applied, 'entry.mitigationApplied');
    rules.time(enteredAt, 'entry.enteredAt');
    rules.texts(noText);
  });
}

function checkMetadata(
  snapshot: Snapshot,
  { table, ownerColumn, ownerTable, entity }: Owner,
  findings: FindingSink,
): Promise<void> {
  const [metadata, owner, owners] = [raw(table), raw(`m.${ownerColumn}`), raw(ownerTable)];
  const columns = [
    ...[owner, sql`m.key`, sql`CASE WHEN length(m.value) > ${raw(String(longValue))} THEN NULL ELSE m.value END`],
    hasValue(owners, sql`id`, owner),
  ];
  const rows = { columns, from: sql`${metadata} m`, key: [`m.${ownerColumn}`, 'm.key'] };
  return walk(snapshot, rows, async ([id, key, shortValue, hasOwner]) => {
    const rules = new Rules(findings, { ...subjectOf(entity, id), ...(typeof key === 'string' ? { key } : undefined) });
    rules.reference(hasOwner, 'metadata', 'a record');
    rules.text(key, 'metadata');
    rules.canonicalJson(shortValue ?? (await selectValue(id, key)));
  });

  async function selectValue(id: unknown, key: unknown): Promise<unknown> {
    // The ORDER BY makes PostgreSQL use the primary key, even if its statistics are outdated: see `hasValue`. The first
    // row of the range is the row with this key, because that row exists.
    const primaryKey = sql`${owner}, m.key`;
    const statement = toStatement(sql`SELECT m.value FROM ${metadata} m WHERE (${primaryKey}) >= (${id}, ${key})
      ORDER BY ${primaryKey} LIMIT 1`);
    return (await snapshot.query(statement))[0]?.[0];
  }
}

function checkChanges(snapshot: Snapshot, findings: FindingSink): Promise<void> {
  const columns = [
    ...[sql`c.sequence`, sql`c.entity`, sql`c.entity_id`, sql`c.kind`],
    snapshot.dialect.toMs(sql`c.changed_at`),
  ];
  return walk(snapshot, { columns, from: sql`changes c`, key: ['c.sequence'] }, (row) => {
    const [sequence, entity, id, kind, changedAt] = row;
    const rules = new Rules(findings, subjectOf('change', String(sequence)));
    rules.wholeNumber(sequence, 1, Number.MAX_SAFE_INTEGER, 'sequence');
    rules.oneOf(entity, changedEntities, 'entity');
    rules.id(id);
    rules.oneOf(kind, ChangeKind, 'kind');
    rules.time(changedAt, 'changedAt');
  });
}

async function checkChain({ dialect, query }: Snapshot, findings: FindingSink): Promise<void> {
  const verification = await verifyChain(dialect, query);
  findings.reportPending(verification.pending);
  if (verification.valid) return;
  const { reason, sequence, eventId } = verification.break;
  const place = sequence === undefined ? 'an entry' : `entry ${sequence}`;
  findings.add({
    check: 'event-chain',
    entity: 'securityEvent',
    ...(eventId === undefined ? undefined : { id: eventId }),
    message: `the event chain breaks: ${place} was ${reason}`,
  });
}
