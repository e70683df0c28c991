import { metrics, trace, type MeterProvider, type TracerProvider } from '@opentelemetry/api';
import { diagnosticsOf, optionsOf, type DatabaseService } from '../database-service';
import { databaseAttributes } from './attributes';
import { observeMetrics } from './metrics';
import { beginTrace } from './spans';

/** Name of the instrumentation scope in OpenTelemetry. */
const scope = 'ans-database';

/** Options of {@link instrument}. */
export interface InstrumentOptions {
  /**
   * Source of the tracer that creates the spans.
   *
   * @defaultValue the global tracer provider, at the time of the call
   */
  tracerProvider?: TracerProvider | undefined;
  /**
   * Source of the meter that records the metrics.
   *
   * @defaultValue the global meter provider, at the time of the call
   */
  meterProvider?: MeterProvider | undefined;
  /**
   * True to create a span for each SQL statement. The span contains the SQL, with placeholders for all values.
   *
   * @defaultValue true
   */
  statements?: boolean | undefined;
}

const stops = new WeakMap<DatabaseService, () => void>();

/**
 * Creates spans and metrics for the calls of a database, with the semantic conventions of OpenTelemetry for databases.
 * You can call it before or after `initialize()`. Start the OpenTelemetry SDK first. A second call for the same
 * database replaces the first one.
 *
 * Each call is a span whose parent is the active span. Each statement is a child of the span of its call, and the calls
 * inside `db.transaction` are children of the span of the transaction. The metrics are `db.client.operation.duration`
 * and, on PostgreSQL, `db.client.connection.count`, `db.client.connection.max` and
 * `db.client.connection.pending_requests`. No span and no metric contains a value of the caller.
 *
 * @returns a function that ends the instrumentation.
 * @example
 * ```ts
 * const db = new DatabaseService(options);
 * const stop = instrument(db);
 * process.once('SIGTERM', () => void db.close().then(stop));
 * ```
 */
export function instrument(db: DatabaseService, options: InstrumentOptions = {}): () => void {
  stops.get(db)?.();
  const tracer = (options.tracerProvider ?? trace).getTracer(scope);
  const meter = (options.meterProvider ?? metrics).getMeter(scope);
  const attributes = databaseAttributes(optionsOf(db).location);
  const observed = observeMetrics(meter, db, attributes);
  const diagnostics = diagnosticsOf(db);
  const instrumentation = {
    beginCall: beginTrace(tracer, attributes, options.statements ?? true),
    onEvent: observed.onEvent,
  };
  diagnostics.instrumentation = instrumentation;
  const stop = (): void => {
    observed.stop();
    if (diagnostics.instrumentation === instrumentation) diagnostics.instrumentation = undefined;
  };
  stops.set(db, stop);
  return stop;
}
