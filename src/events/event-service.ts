import { perEngine } from '../sql/per-engine';
import { inOrder } from '../sql/statement';
import type { Session } from '../client/session';
import { checkResultSize, rowLimit } from '../input/check-window';
import type { ReadOptions } from '../options/read-options';
import type { ServiceSettings } from '../options/service-settings';
import { buildEventQuery, EventStatements, toSecurityEvent } from './event-statements';
import { parseEventQuery, parseNewEvent } from './parse-event';
import type { SecurityEvent, SecurityEventInput, SecurityEventQuery } from './types';

const statementsOf = perEngine((dialect) => new EventStatements(dialect));

/** Records security events, which are never changed, and finds them. Every failure is a `DatabaseError`. */
export class EventService {
  readonly #session: Session;
  readonly #settings: ServiceSettings;

  /** @internal */
  constructor(session: Session, settings: ServiceSettings) {
    this.#session = session;
    this.#settings = settings;
  }

  /**
   * Records an event with its metadata, or nothing of it.
   *
   * @returns its id, a UUIDv7 where none was given.
   * @throws ALREADY_EXISTS when the id is taken: what was recorded is not changed; INVALID_INPUT.
   */
  record(event: SecurityEventInput): Promise<string> {
    return this.#session.write('events.record', async (executor) => {
      const row = parseNewEvent(event, this.#settings.now());
      const statements = statementsOf(executor.dialect);
      return executor.atomic(function* () {
        yield* inOrder(statements.insert(row));
        return row.columns.id;
      });
    });
  }

  /**
   * Finds events: see {@link SecurityEventQuery} for what each field matches.
   *
   * @returns the events that match, newest first and by id among those of one millisecond, as one snapshot; an empty
   * array when none does.
   * @throws RESULT_TOO_LARGE when `limit` is not given and more than `maxResults` match, INVALID_INPUT.
   */
  query(query: SecurityEventQuery = {}, options?: ReadOptions): Promise<SecurityEvent[]> {
    return this.#session.read('events.query', options, async (executor) => {
      const { filter, window } = parseEventQuery(query);
      if (filter === null || window.limit === 0) return [];
      const { maxResults } = this.#settings;
      const limit = rowLimit(window, maxResults);
      const rows = await executor.query(buildEventQuery(executor.dialect, filter, limit, window.offset));
      checkResultSize(window, rows, maxResults);
      return rows.map(toSecurityEvent);
    });
  }
}
