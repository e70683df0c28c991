import type { Attributes, BatchObservableCallback, Meter } from '@opentelemetry/api';
import type { DatabaseService } from '../database-service';
import type { DatabaseEvent } from '../diagnostics/types';
import { errorTypeOf } from './spans';

/** Bucket boundaries of the duration histogram in seconds, as the semantic conventions of OpenTelemetry require. */
const durationBoundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** Recording of a database's metrics, which can be ended. */
export interface ObservedMetrics {
  readonly onEvent: (event: DatabaseEvent) => void;
  readonly stop: () => void;
}

/**
 * Records the metrics of a database. Durations come from the events of the database; the connection pool is observed
 * whenever the metrics are collected.
 */
export function observeMetrics(meter: Meter, db: DatabaseService, database: Attributes): ObservedMetrics {
  const duration = meter.createHistogram('db.client.operation.duration', {
    description: 'Duration of the calls of the database service.',
    unit: 's',
    advice: { explicitBucketBoundaries: durationBoundaries },
  });
  const stop = observePool(meter, db, database);
  const onEvent = (event: DatabaseEvent): void => {
    if (event.type !== 'call') return;
    const errorType = errorTypeOf(event);
    const error = errorType === undefined ? undefined : { 'error.type': errorType };
    duration.record(event.durationMs / 1000, { ...database, 'db.operation.name': event.operation, ...error });
  };
  return { onEvent, stop };
}

/** Observes the connection pool. Returns a function that ends the observation. */
function observePool(meter: Meter, db: DatabaseService, database: Attributes): () => void {
  const count = meter.createObservableUpDownCounter('db.client.connection.count', {
    description: 'Number of connections that are idle or in use.',
    unit: '{connection}',
  });
  const max = meter.createObservableUpDownCounter('db.client.connection.max', {
    description: 'Maximum number of connections.',
    unit: '{connection}',
  });
  const pending = meter.createObservableUpDownCounter('db.client.connection.pending_requests', {
    description: 'Number of calls that wait for a connection.',
    unit: '{request}',
  });
  const attributes = { ...database, 'db.client.connection.pool.name': poolNameOf(database) };
  const observe: BatchObservableCallback = (result) => {
    const { pool } = db.stats();
    if (pool === undefined) return;
    result.observe(count, pool.idle, { ...attributes, 'db.client.connection.state': 'idle' });
    result.observe(count, pool.total - pool.idle, { ...attributes, 'db.client.connection.state': 'used' });
    result.observe(max, pool.max, attributes);
    result.observe(pending, pool.waiting, attributes);
  };
  const observables = [count, max, pending];
  meter.addBatchObservableCallback(observe, observables);
  return () => meter.removeBatchObservableCallback(observe, observables);
}

// Returns the name of the connection pool, in the form that the semantic conventions of OpenTelemetry require for a
// pool without a name.
function poolNameOf(database: Attributes): string {
  const { 'server.address': address = 'postgresql', 'server.port': port, 'db.namespace': namespace } = database;
  const server = port === undefined ? String(address) : `${String(address)}:${String(port)}`;
  return namespace === undefined ? server : `${server}/${String(namespace)}`;
}
