import { DatabaseService } from '../../src';
import { badCounts, valuesBut } from '../support/bad-values';
import { expectError } from '../support/expect-error';
import { createAgent, createAgents, createCertificate } from '../support/factories';
import { newDatabaseUrl, openTestDatabase } from '../support/test-database';

type BadOption = readonly [title: string, options: object, field: string];

function eachOf(field: string, values: readonly (readonly [string, unknown])[]): BadOption[] {
  return values.map(([kind, value]) => [`${field}: ${kind}`, { [field]: value }, field]);
}

function partOf(option: string, part: string, values: readonly (readonly [string, unknown])[]): BadOption[] {
  return values.map(([kind, value]) => [
    `${option}.${part}: ${kind}`,
    { [option]: { [part]: value } },
    `${option}.${part}`,
  ]);
}

const logger = { debug: jest.fn(), info: jest.fn(), warn: jest.fn(), error: jest.fn() };

const badOptions: BadOption[] = [
  ...eachOf('url', [
    ['a space at the end, which the driver would drop', 'file:./trailing-space.sqlite '],
    ['an escaped NUL', 'file:///tmp/nul.sqlite%00.bak'],
    ...valuesBut('text', 'undefined'),
    ['an empty text', ''],
    ['a path without file:', './ans_database.sqlite'],
    ['file: without a path', 'file:'],
    ['file:// without a path', 'file://'],
    ['a directory', 'file:/tmp/'],
    ['another engine', 'mysql://localhost/ans'],
    ['the web', 'https://example.com/ans.sqlite'],
    ['NUL', 'file:/tmp/a\0b'],
  ]),
  ...eachOf('replicaUrls', valuesBut('array', 'undefined')),
  ...eachOf('replicaUrls', [['a replica of a SQLite database', ['postgresql://localhost/ans']]]),
  ...eachOf('migrations', [...valuesBut('undefined'), ['another case', 'APPLY'], ['an empty text', '']]),
  ...eachOf('pool', valuesBut('object', 'undefined', 'boxed text', 'Date')),
  ...['maxConnections', 'idleTimeoutMs', 'connectTimeoutMs', 'statementTimeoutMs'].flatMap((part) =>
    partOf('pool', part, badCounts),
  ),
  ...eachOf('busyTimeoutMs', badCounts),
  ...eachOf('maxWalBytes', [...badCounts, ['less than 4 MiB', 4_194_303]]),
  ...eachOf('durability', [...valuesBut('undefined'), ['another level', 'off']]),
  ...eachOf('retry', [
    ['true', true],
    ['a number', 3],
    ['a text', 'no'],
  ]),
  ...['attempts', 'baseDelayMs', 'maxDelayMs', 'budgetMs'].flatMap((part) => partOf('retry', part, badCounts)),
  ...partOf('retry', 'attempts', [['0', 0]]),
  ...eachOf('breaker', [
    ['true', true],
    ['a number', 3],
    ['a text', 'no'],
  ]),
  ...['failures', 'resetMs'].flatMap((part) => partOf('breaker', part, badCounts)),
  ...partOf('breaker', 'failures', [['0', 0]]),
  ...eachOf('closeTimeoutMs', [...badCounts, ['more than timers can', 2 ** 31]]),
  ...eachOf('cache', valuesBut('object', 'undefined', 'boxed text', 'Date')),
  ...['maxEntries', 'ttlMs', 'staleIfErrorMs'].flatMap((part) => partOf('cache', part, badCounts)),
  ...partOf('cache', 'maxEntries', [['more than there can be', 10_000_001]]),
  ...eachOf('maxResults', badCounts),
  ...eachOf('defaultAgentLifetimeMs', badCounts),
  ...eachOf('logger', [...valuesBut('undefined'), ['a logger without debug', { ...logger, debug: undefined }]]),
  ...eachOf('onEvent', valuesBut('undefined', 'function')),
  ...eachOf('now', valuesBut('undefined', 'function')),
];

function constructWith(options: unknown): DatabaseService {
  // A caller without a compiler can give anything.
  return new DatabaseService(options as object);
}

describe('new DatabaseService', () => {
  test.each(badOptions)('new DatabaseService refuses an invalid value: %s', async (_, options, field) => {
    const error = await expectError('INVALID_OPTIONS', () => constructWith(options));
    expect(error).toMatchObject({ field, retryable: false });
  });

  test.each([
    ['an option', { colour: 'red' }],
    ['an option in another case', { URL: ':memory:' }],
    ['a part of pool', { pool: { max: 1 } }],
    ['a part of retry', { retry: { tries: 1 } }],
    ['a part of breaker', { breaker: { halfOpenAfter: 1 } }],
    ['a part of cache', { cache: { max: 1 } }],
    ['an option that is undefined', { colour: undefined }],
  ])('new DatabaseService refuses an unknown name: %s', async (_, options) => {
    await expectError('INVALID_OPTIONS', () => constructWith(options));
  });

  test.each(valuesBut('undefined', 'object', 'Date', 'boxed text'))(
    'new DatabaseService refuses %s in place of options',
    async (_, value) => {
      await expectError('INVALID_OPTIONS', () => constructWith(value));
    },
  );

  // A "?" in an unescaped password makes the rest of the password look like parameters.
  test.each(['postgresql://u:1?ab=cd@host/db', 'postgresql://u:1?ab@host/db', 'postgresql://u:1?x=2&ab=3@host/db'])(
    'new DatabaseService shows no part of the password of %j in its error message',
    async (url) => {
      const error = await expectError('INVALID_OPTIONS', () => constructWith({ url }));
      expect(error.message).not.toMatch(/\b(?:ab|cd|x)\b/);
    },
  );
  test.each([
    ['nothing', undefined],
    ['no option', {}],
    [
      'every option as undefined',
      { url: undefined, retry: undefined, pool: undefined, logger: undefined, now: undefined },
    ],
    [
      'every option',
      {
        url: ':memory:',
        replicaUrls: [],
        migrations: 'apply',
        pool: { maxConnections: 1, idleTimeoutMs: 0, connectTimeoutMs: 0, statementTimeoutMs: 0 },
        busyTimeoutMs: 0,
        maxWalBytes: 4_194_304,
        durability: 'full',
        retry: { attempts: 1, baseDelayMs: 0, maxDelayMs: 0, budgetMs: 0 },
        breaker: { failures: 1, resetMs: 0 },
        closeTimeoutMs: 0,
        cache: { maxEntries: 0, ttlMs: 0, staleIfErrorMs: 0 },
        maxResults: 0,
        defaultAgentLifetimeMs: 0,
        logger,
        onEvent: jest.fn(),
        now: Date.now,
        allowReset: true,
      },
    ],
    ['retry: false', { retry: false }],
    ['breaker: false', { breaker: false }],
    ['a breaker with default values', { breaker: {} }],
    ['a cache with default values', { cache: {} }],
    ['a logger with inherited methods', { logger: Object.create(logger) as typeof logger }],
  ])('new DatabaseService accepts valid options: %s', (_, options) => {
    expect(constructWith(options)).toBeInstanceOf(DatabaseService);
  });
});

describe('DatabaseOptions', () => {
  test('DatabaseService reads its options once, in the constructor', async () => {
    const options = { url: await newDatabaseUrl(), maxResults: 1 };
    await using db = new DatabaseService(options);
    options.maxResults = 100;
    await db.initialize();
    await createAgents(db, ['a', 'b']);
    await expectError('RESULT_TOO_LARGE', () => db.queryAgents({}));
  });

  test('all records get their times from the option now', async () => {
    let time = Date.parse('2030-01-01T00:00:00.123Z');
    const { db } = await openTestDatabase({ now: () => time, defaultAgentLifetimeMs: 10 });
    const certificateId = await createCertificate(db);
    const id = await createAgent(db, { certificateId });
    const created = new Date(time);
    time += 1000;
    await db.updateAgent({ id });
    await db.updateCertificateStatus(certificateId, 'REVOKED');
    const times = { createdAt: created, updatedAt: new Date(time), expiresAt: new Date(created.getTime() + 10) };
    expect(await db.getAgent(id)).toMatchObject(times);
    expect(await db.getCertificate(certificateId)).toMatchObject({ createdAt: created, revokedAt: new Date(time) });
  });

  test('the option now may return fractions of a millisecond, which are not stored', async () => {
    const { db } = await openTestDatabase({ now: () => 1_800_000_000_000.75 });
    const agent = await db.getAgent(await createAgent(db));
    const { expiresAt } = agent ?? {};
    expect(agent?.createdAt).toEqual(new Date(1_800_000_000_000));
    expect(await db.queryAgents({ expiresAfter: expiresAt })).toEqual([]);
    expect(await db.queryAgents({ expiresBefore: expiresAt })).toEqual([]);
  });
});
