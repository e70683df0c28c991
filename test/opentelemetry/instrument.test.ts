import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { instrument } from '../../src/opentelemetry';
import { engine, onPostgresql } from '../support/engine';
import { expectError } from '../support/expect-error';
import { agentInput, createAgent, createCertificate } from '../support/factories';
import { afterTest, openTestDatabase } from '../support/test-database';

/** Opens a database with an SDK that keeps spans and metrics in memory. */
async function openInstrumented() {
  const database = await openTestDatabase({ onEvent: () => undefined });
  const spans = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  afterTest(async () => {
    context.disable();
    await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
  });
  const metrics = async () => {
    await meterProvider.forceFlush();
    const found =
      exporter
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
    return new Map(found.map((metric) => [metric.descriptor.name, metric]));
  };
  const options = { tracerProvider, meterProvider };
  return { ...database, spans, tracer: tracerProvider.getTracer('test'), metrics, options };
}

function parentOf(span: ReadableSpan, spans: readonly ReadableSpan[]): string | undefined {
  return spans.find((other) => other.spanContext().spanId === span.parentSpanContext?.spanId)?.name;
}

describe('instrument', () => {
  test('instrument creates a span for each call under the active span, and a child span for each statement', async () => {
    const { db, spans, tracer, options } = await openInstrumented();
    const certificateId = await createCertificate(db);
    instrument(db, options);
    await tracer.startActiveSpan('request', async (request) => {
      await db.transaction((tx) => tx.createAgent(agentInput({ id: 'a', certificateId })), { name: 'enrol' });
      await Promise.all([db.getAgent('a'), db.getAgent('b')]);
      request.end();
    });
    const finished = spans.getFinishedSpans();
    const tree = new Set(finished.map((span) => `${parentOf(span, finished) ?? ''} > ${span.name}`));
    for (const path of ['> request', 'request > transaction', 'transaction > agents.create', 'request > agents.get']) {
      expect([...tree].map((text) => text.trim())).toContain(path);
    }
    expect(tree).toContain('transaction > BEGIN');
    expect(tree).toContain('transaction > COMMIT');
    expect(tree).toContain('agents.create > INSERT');
    const read = finished.find(({ name }) => name === 'agents.get');
    expect(read).toMatchObject({
      kind: SpanKind.INTERNAL,
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        'db.system.name': engine,
        'db.operation.name': 'agents.get',
        'db.response.returned_rows': 1,
        'ans_database.attempts': 1,
        'ans_database.cached': false,
      },
    });
    expect(finished.find(({ name }) => name === 'transaction')?.attributes).toMatchObject({
      'ans_database.transaction.name': 'enrol',
    });
    const statement = finished.find((span) => parentOf(span, finished) === 'agents.get');
    expect(statement).toMatchObject({ kind: SpanKind.CLIENT, attributes: { 'db.system.name': engine } });
    expect(statement?.attributes['db.query.text']).toMatch(/SELECT|WITH/);
    expect(JSON.stringify(finished.map(({ attributes }) => attributes))).not.toContain(certificateId);
  });

  test('instrument sets error.type to the code of a failed call, and to _OTHER when a callback throws', async () => {
    const { db, spans, options } = await openInstrumented();
    instrument(db, options);
    await expectError('INVALID_INPUT', () => db.getAgent(''));
    await expect(db.transaction(() => Promise.reject(new RangeError('enough')))).rejects.toThrow('enough');
    const failed = spans.getFinishedSpans().filter(({ status }) => status.code === SpanStatusCode.ERROR);
    expect(failed.map(({ name, attributes }) => [name, attributes['error.type']])).toEqual([
      ['agents.get', 'INVALID_INPUT'],
      ['transaction', '_OTHER'],
    ]);
  });

  test('instrument records the durations of calls in seconds and the numbers of connections of the pool', async () => {
    const { db, metrics, options } = await openInstrumented();
    instrument(db, options);
    await createAgent(db, { id: 'a' });
    await db.getAgent('a');
    await expectError('INVALID_INPUT', () => db.getAgent(''));
    const found = await metrics();
    const duration = found.get('db.client.operation.duration');
    expect(duration?.descriptor.unit).toBe('s');
    const points = duration?.dataPoints.map(({ attributes }) => [
      attributes['db.operation.name'],
      attributes['error.type'],
    ]);
    expect(points).toEqual(
      expect.arrayContaining([
        ['agents.get', undefined],
        ['agents.get', 'INVALID_INPUT'],
      ]),
    );
    expect(duration?.dataPoints[0]).toMatchObject({
      attributes: { 'db.system.name': engine },
      value: { count: 1, buckets: { boundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] } },
    });
    const connections = ['count', 'max', 'pending_requests'].map((name) => found.get(`db.client.connection.${name}`));
    const values = connections.map((metric) =>
      metric?.dataPoints.map(({ attributes, value }) => ({ ...attributes, value })),
    );
    if (!onPostgresql) expect(values.flat().filter((value) => value !== undefined)).toEqual([]);
    else {
      const pool = { 'db.client.connection.pool.name': expect.stringMatching(/^[\w.-]+:\d+\/\w+$/) as unknown };
      expect(values).toMatchObject([
        [
          { ...pool, 'db.client.connection.state': 'idle', value: expect.any(Number) as unknown },
          { ...pool, 'db.client.connection.state': 'used', value: 0 },
        ],
        [{ ...pool, value: db.stats().pool?.max }],
        [{ ...pool, value: 0 }],
      ]);
    }
  });

  test('instrument replaces an earlier instrumentation, and ends when the returned function is called', async () => {
    const { db, spans, metrics, options } = await openInstrumented();
    instrument(db, options);
    const stop = instrument(db, { ...options, statements: false });
    await db.getAgent('a');
    expect(spans.getFinishedSpans().map(({ name }) => name)).toEqual(['agents.get']);
    stop();
    await db.getAgent('a');
    expect(spans.getFinishedSpans()).toHaveLength(1);
    expect((await metrics()).get('db.client.operation.duration')?.dataPoints[0]?.value).toMatchObject({ count: 1 });
  });

  test('instrument does not change the results of calls when no OpenTelemetry SDK is installed', async () => {
    const { db } = await openTestDatabase();
    instrument(db);
    await createAgent(db, { id: 'a' });
    expect(await db.getAgent('a')).toMatchObject({ id: 'a' });
    expect(trace.getActiveSpan()).toBeUndefined();
  });
});
