import type { PostgresqlConnections } from './postgresql-connections';

/** Where a server is in its log, and which log that is. */
export interface ServerPosition {
  /** Whether the server follows another one. */
  readonly isStandby: boolean;
  readonly position: bigint;
  /** Tells the server's cluster and timeline from others: positions compare within one history only. */
  readonly history: string;
}

// The name of a file of the log begins with the timeline.
const primarySql = `SELECT false, pg_current_wal_lsn(), (SELECT system_identifier::text FROM pg_control_system()),
  ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer`;

// A standby has no view of its timeline. Each source may be behind, but none is ahead; the receiver's is shown to roles
// that may monitor only. A server that follows nobody has no position to compare.
const replicaSql = `SELECT pg_is_in_recovery(), coalesce(pg_last_wal_replay_lsn(), '0/0'),
  (SELECT system_identifier::text FROM pg_control_system()),
  greatest((SELECT timeline_id FROM pg_control_checkpoint()), (SELECT min_recovery_end_timeline FROM pg_control_recovery()),
    (SELECT max(received_tli) FROM pg_stat_wal_receiver))`;

/** Asks a server that takes writes. Fails on a standby. */
export function positionOfPrimary(connections: PostgresqlConnections): Promise<ServerPosition> {
  return positionOf(connections, primarySql);
}

/** Asks a server that should be a standby. */
export function positionOfReplica(connections: PostgresqlConnections): Promise<ServerPosition> {
  return positionOf(connections, replicaSql);
}

async function positionOf(connections: PostgresqlConnections, sql: string): Promise<ServerPosition> {
  const [[isStandby, position, system, timeline] = []] = await connections.query(sql);
  return {
    isStandby: isStandby === true,
    position: toNumber(String(position)),
    history: `${String(system)}/${String(timeline)}`,
  };
}

/** A position in the log as a number: it is written as two halves in hexadecimal, "16/B374D848". */
function toNumber(text: string): bigint {
  const [high = '', low = ''] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}
