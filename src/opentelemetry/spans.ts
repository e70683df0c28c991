import { context, SpanKind, SpanStatusCode, trace, type Attributes, type Span, type Tracer } from '@opentelemetry/api';
import type { CallTrace } from '../diagnostics/call';
import type { CallEvent, QueryEvent } from '../diagnostics/types';

/**
 * Value of the attribute `error.type` for an error without a code, which a callback of the application has thrown: see
 * the semantic conventions of OpenTelemetry.
 */
const otherError = '_OTHER';

/** Returns the value of the attribute `error.type` for a call; undefined when the call succeeded. */
export function errorTypeOf({ outcome, code }: CallEvent): string | undefined {
  return outcome === 'ok' ? undefined : (code ?? otherError);
}

/** Returns a function that begins the span of a database call. */
export function beginTrace(
  tracer: Tracer,
  database: Attributes,
  hasStatements: boolean,
): (operation: string) => CallTrace {
  return (operation) => {
    const attributes = { ...database, 'db.operation.name': operation };
    const span = tracer.startSpan(operation, { kind: SpanKind.INTERNAL, attributes });
    const inside = trace.setSpan(context.active(), span);
    return {
      run: (work) => context.with(inside, work),
      statement: (event) => {
        if (!hasStatements || !span.isRecording()) return;
        const end = performance.timeOrigin + performance.now();
        const options = {
          kind: SpanKind.CLIENT,
          attributes: { ...database, ...statementAttributes(event) },
          startTime: end - event.durationMs,
        };
        tracer.startSpan(commandOf(event), options, inside).end(end);
      },
      end: (event) => endSpan(span, event),
    };
  };
}

function statementAttributes(event: QueryEvent): Attributes {
  return {
    'db.operation.name': commandOf(event),
    'db.query.text': event.sql,
    'db.response.returned_rows': event.rows,
  };
}

/** Returns the first word of an SQL statement, such as `SELECT`. */
function commandOf({ sql }: QueryEvent): string {
  return /^\s*(\w+)/.exec(sql)?.[1]?.toUpperCase() ?? 'SQL';
}

function endSpan(span: Span, event: CallEvent): void {
  span.setAttributes({
    'db.response.returned_rows': event.rows,
    'ans_database.attempts': event.attempts,
    'ans_database.cached': event.cached,
    ...(event.name === undefined ? undefined : { 'ans_database.transaction.name': event.name }),
  });
  const errorType = errorTypeOf(event);
  if (errorType !== undefined) span.setAttribute('error.type', errorType).setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}
