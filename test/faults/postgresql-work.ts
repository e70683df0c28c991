import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError, driverErrorOf, isDatabaseError, type DatabaseErrorCode, type DatabaseService } from '../../src';
import { soundReport } from '../support/sound-database';
import { administer } from '../support/administration';
import { agentInput, certificateInput, eventInput } from '../support/factories';

/** Number of faults of a server, a pooler or a connection: FAULT_ROUNDS, or a few by default. */
export const strikes = Number(process.env['FAULT_ROUNDS'] ?? 10);

/** Stored rows of one unit of work: agents with their versions and capabilities, certificates, events and changes. */
type Trace = string;

const nothing: Trace = '0 - 0 0 0';
const trace = (agents: number, version: string, capabilities: number, certificates = 0, events = 0): Trace =>
  `${agents} ${version} ${capabilities} ${certificates} ${events}`;

/** All units that have left anything, by the names that agents, certificates and events give: as one state. */
const tracesSql = `
  WITH traces AS (
    SELECT owner AS unit, count(*) AS agents, string_agg(DISTINCT version, '+') AS version,
      sum((SELECT count(*) FROM agent_capabilities ac WHERE ac.agent_id = a.id)
        + (SELECT count(*) FROM endpoints e WHERE e.agent_id = a.id)) AS capabilities, 0 AS certificates, 0 AS events
    FROM agents a GROUP BY owner
    UNION ALL SELECT subject, 0, NULL, 0, count(*), 0 FROM certificates GROUP BY subject
    UNION ALL SELECT source, 0, NULL, 0, 0, count(*) FROM security_events GROUP BY source
  )
  SELECT unit, concat_ws(' ', sum(agents), coalesce(max(version), '-'), sum(capabilities), sum(certificates), sum(events))
    AS trace
  FROM traces WHERE unit LIKE 'unit %' GROUP BY unit`;

/** Agents of which the feed does not tell, and those of which it tells twice that they came. */
const untoldSql = `SELECT id FROM agents a WHERE owner LIKE 'unit %'
  AND 1 <> (SELECT count(*) FROM changes c WHERE c.entity = 'AGENT' AND c.entity_id = a.id AND c.kind = 'CREATED')`;

/** Reports whether the change of a failed call may have been committed. */
export function isInDoubt({ code, message }: DatabaseError): boolean {
  return code === 'UNAVAILABLE' && message.includes('may or may not have been kept');
}

/** Callers that write until they are told to stop, and what they were told. */
export class Work {
  /** Number of calls that succeeded. */
  acknowledged = 0;
  inDoubt = 0;
  readonly errors: DatabaseError[] = [];
  readonly #db: DatabaseService;
  readonly #certificateId: string;
  readonly #allowed = new Map<string, readonly Trace[]>();
  #loops: readonly Promise<void>[] = [];
  #isOver = false;

  private constructor(db: DatabaseService, certificateId: string) {
    this.#db = db;
    this.#certificateId = certificateId;
  }

  /** Eight callers, each of which waits for one call before it makes the next. */
  static async start(db: DatabaseService): Promise<Work> {
    const work = await Work.prepare(db);
    const kinds: readonly ((unit: string) => Promise<unknown>)[] = [
      ...Array.from({ length: 3 }, () => (unit: string) => work.change(unit)),
      (unit) => work.register(unit),
      (unit) => work.record(unit),
      (unit) => work.createMany(unit),
      (unit) => work.transact(unit),
      (unit) => work.transact(unit),
    ];
    work.#loops = kinds.map((kind) => work.#loop(kind));
    return work;
  }

  /** For calls that a test makes itself. */
  static async prepare(db: DatabaseService): Promise<Work> {
    return new Work(db, await db.createCertificate(certificateInput({ subject: 'CN=of all' })));
  }

  /** Waits until as many calls more have succeeded. */
  async goOn(count = 16): Promise<void> {
    const wanted = this.acknowledged + count;
    const end = performance.now() + 30_000;
    while (this.acknowledged < wanted) {
      await sleep(5);
      if (performance.now() > end) throw new Error(`The callers do not go on: ${String(this.errors.at(-1))}`);
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#loops);
  }

  /**
   * Fails unless every call has left what its end allows, once: all of it where it succeeded, nothing where it failed,
   * one of the two where it is in doubt; and the database is sound.
   */
  async expectKept(url: string): Promise<void> {
    const found = new Map((await administer(url, tracesSql)).map(({ unit, trace }) => [String(unit), String(trace)]));
    const units = new Set([...found.keys(), ...this.#allowed.keys()]);
    const wrong = [...units].flatMap((unit) => {
      const [left, allowed] = [found.get(unit) ?? nothing, this.#allowed.get(unit) ?? [nothing]];
      return allowed.includes(left) ? [] : [{ unit, left, allowed }];
    });
    expect(wrong).toEqual([]);
    expect(await administer(url, untoldSql)).toEqual([]);
    expect(await this.#db.check()).toEqual(soundReport);
    expect(await this.#db.events.verify()).toMatchObject({ valid: true });
  }

  /** Fails where a call has failed otherwise than as passing, with one of the codes. */
  expectPassing(codes: readonly DatabaseErrorCode[]): void {
    const wrong = this.errors.filter(({ code, retryable }) => !retryable || !codes.includes(code));
    expect(wrong.map((error) => `${String(error)} ${String(driverErrorOf(error))}`)).toEqual([]);
  }

  /** Prints what was done. */
  report(what: string, rounds: number): void {
    const [acknowledged, failed] = [this.acknowledged, this.errors.length].map((count) => count.toLocaleString('en'));
    const counts = `${acknowledged} acknowledged, 0 lost, ${failed} failed, ${this.inDoubt} of them in doubt`;
    process.stderr.write(`${what}: ${rounds} rounds, ${counts}\n`);
  }

  /** Registers an agent, changes it, and deletes every second one. */
  async change(unit: string): Promise<void> {
    const id = await this.attempt(unit, trace(1, '1.0.0', 3), () => this.#db.createAgent(this.#agent(unit)));
    if (id === undefined) return;
    const change = { id, version: '2.0.0', capabilities: ['shared', 'other', unit] };
    const isChanged = await this.attempt(unit, trace(1, '2.0.0', 4), () => this.#db.updateAgent(change));
    if (isChanged === undefined || unit.endsWith('0')) return;
    await this.attempt(unit, nothing, () => this.#db.deleteAgent(id));
  }

  register(unit: string): Promise<unknown> {
    const registration = {
      certificate: certificateInput({ subject: unit }),
      agent: { ...this.#agent(unit), certificateId: undefined },
      event: eventInput({ source: unit }),
    };
    return this.attempt(unit, trace(1, '1.0.0', 3, 1, 1), () => this.#db.register(registration));
  }

  record(unit: string): Promise<unknown> {
    return this.attempt(unit, trace(0, '-', 0, 0, 1), () => this.#db.recordSecurityEvent(eventInput({ source: unit })));
  }

  createMany(unit: string): Promise<unknown> {
    const agents = Array.from({ length: 5 }, () => this.#agent(unit));
    return this.attempt(unit, trace(5, '1.0.0', 15), () => this.#db.agents.createMany(agents));
  }

  /** @param between - what happens between two calls of the transaction. */
  transact(unit: string, between: (step: number) => unknown = () => undefined): Promise<unknown> {
    return this.attempt(unit, trace(1, '1.0.0', 3, 1, 1), () =>
      this.#db.transaction(async (tx) => {
        await between(0);
        const certificateId = await tx.createCertificate(certificateInput({ subject: unit }));
        await between(1);
        await tx.createAgent({ ...this.#agent(unit), certificateId });
        await between(2);
        await tx.recordSecurityEvent(eventInput({ source: unit }));
        await between(3);
      }),
    );
  }

  /** Makes a call that leaves `after` of a unit. Undefined where it fails. */
  async attempt<T>(unit: string, after: Trace, call: () => Promise<T>): Promise<T | undefined> {
    const before = this.#allowed.get(unit) ?? [nothing];
    try {
      const result = await call();
      this.#allowed.set(unit, [after]);
      this.acknowledged += 1;
      return result;
    } catch (error) {
      if (!isDatabaseError(error)) throw error;
      this.errors.push(error);
      if (isInDoubt(error)) {
        this.inDoubt += 1;
        this.#allowed.set(unit, [...before, after]);
      }
      return undefined;
    }
  }

  async #loop(work: (unit: string) => Promise<unknown>): Promise<void> {
    const name = Math.random().toString(36).slice(2);
    for (let round = 0; !this.#isOver; round += 1) {
      const failures = this.errors.length;
      await work(`unit ${name}-${round}`);
      if (this.errors.length > failures) await sleep(5);
    }
  }

  #agent(unit: string) {
    const endpoint = { protocol: 'https', address: 'https://agent.example', port: 443 };
    const capabilities = ['shared', unit];
    return agentInput({ certificateId: this.#certificateId, owner: unit, capabilities, endpoints: [endpoint] });
  }
}
