import type { PostgresqlConnections } from './connections';

/** Position of a server in its write-ahead log, with the identity of this log. */
export interface ServerPosition {
  /** True when the server is a standby of another server. */
  readonly isStandby: boolean;
  readonly position: bigint;
  /**
   * Database cluster and timeline of the server. Two positions are comparable only within the same cluster and
   * timeline.
   */
  readonly history: string;
}

// Reads the timeline from the name of the current write-ahead log file, which begins with the timeline.
const primarySql = `SELECT false, pg_current_wal_lsn(), (SELECT system_identifier::text FROM pg_control_system()),
  ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer`;

// Selects the greatest of three timelines, because PostgreSQL does not report the current timeline of a standby. Each
// of the three may be older than the current timeline, but never newer. The timeline of pg_stat_wal_receiver is null
// when the role lacks the privileges of pg_read_all_stats. The position is 0/0 when the server has replayed nothing.
const replicaSql = `SELECT pg_is_in_recovery(), coalesce(pg_last_wal_replay_lsn(), '0/0'),
  (SELECT system_identifier::text FROM pg_control_system()),
  greatest((SELECT timeline_id FROM pg_control_checkpoint()), (SELECT min_recovery_end_timeline FROM pg_control_recovery()),
    (SELECT max(received_tli) FROM pg_stat_wal_receiver))`;

/** Asks a primary for its position in the write-ahead log. Fails on a standby. */
export function positionOfPrimary(connections: PostgresqlConnections): Promise<ServerPosition> {
  return positionOf(connections, primarySql);
}

/** Asks a server that should be a standby for its position in the write-ahead log. */
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

/**
 * Converts a position in the write-ahead log, such as "16/B374D848", to a number. The parts before and after the slash
 * are the upper and lower 32 bits in hexadecimal.
 */
function toNumber(text: string): bigint {
  const [high = '', low = ''] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}
