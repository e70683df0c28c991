import { FastifyOtelInstrumentation } from '@fastify/otel';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BatchSpanProcessor, ConsoleSpanExporter, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const exporters = {
  console: () => new ConsoleSpanExporter(),
  otlp: () => new OTLPTraceExporter(),
};

/** Plugin that creates a span for each request. The spans of `instrument(db)` become its children. */
export const tracingPlugin = new FastifyOtelInstrumentation().plugin();

/** Starts tracing when OTEL_TRACES_EXPORTER is `otlp` or `console`. OTEL_EXPORTER_OTLP_ENDPOINT names the collector. */
export function startTracing(): NodeTracerProvider | undefined {
  const name = process.env['OTEL_TRACES_EXPORTER'];
  if (name !== 'console' && name !== 'otlp') return undefined;
  const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporters[name]())] });
  provider.register();
  return provider;
}
