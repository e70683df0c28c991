import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseService } from '../../src';
import { importDocuments, type DocumentOptions } from '../../src/cli/import/import-documents';
import { openInput } from '../../src/cli/import/input-file';
import { Terminal } from '../../src/cli/terminal';
import { demoPem } from '../support/demo-certificates';
import { createAgent } from '../support/factories';
import { allRawRows } from '../support/raw-reader';
import { openTestDatabase, temporaryDirectory } from '../support/test-database';

const server = { name: 'io.example/a', version: '1.0.0', remotes: [{ type: 'sse', url: 'https://a.example/' }] };
const card = {
  name: 'Card',
  version: '2',
  url: 'https://b.example/',
  skills: [{ id: 's' }],
  provider: { organization: 'org' },
};
const own = {
  name: 'own',
  version: '3',
  owner: 'me',
  expiresAt: '2099-01-01T00:00:00.000Z',
  endpoints: [{ protocol: 'https', address: 'https://c.example/', port: 443 }],
};

function run(db: DatabaseService, text: string, options: Partial<DocumentOptions> = {}): Promise<object> {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'c.pem'), demoPem);
  writeFileSync(join(directory, 'input'), text);
  const defaults = { format: 'auto', owner: 'acme', certificate: join(directory, 'c.pem') } as const;
  const all = { ...defaults, isDryRun: false, skipsInvalid: false, ...options };
  return openInput(join(directory, 'input')).then(async (input) => {
    const { json, exitCode = 0 } = await importDocuments(db, input, all, new Terminal(true));
    return { ...json, exitCode };
  });
}

describe('ans-database import', () => {
  test.each([
    ['lines of JSON', [server, card, own].map((document) => JSON.stringify(document)).join('\n')],
    ['a JSON array', JSON.stringify([server, card, own], undefined, 2)],
    ['a list of the registry', JSON.stringify({ servers: [{ server }, card, own] })],
  ])('ans-database import registers agents from %s, and writes nothing in a second run', async (_, text) => {
    const { database, db } = await openTestDatabase();
    const empty = await allRawRows(database);
    expect(await run(db, text, { isDryRun: true })).toMatchObject({ created: 3, updated: 0, dryRun: true });
    expect(await allRawRows(database)).toEqual(empty);
    expect(await run(db, text)).toMatchObject({ created: 3, updated: 0, unchanged: 0, invalid: 0, exitCode: 0 });
    const agents = await db.queryAgents({ orderBy: 'version' });
    expect(agents.map(({ owner, name, endpoints }) => [owner, name, endpoints[0]?.address])).toEqual([
      ['acme', 'io.example/a', 'https://a.example/'],
      ['org', 'Card', 'https://b.example/'],
      ['me', 'own', 'https://c.example/'],
    ]);
    expect(await db.certificates.query({})).toHaveLength(1);
    const before = await allRawRows(database);
    expect(await run(db, text)).toMatchObject({ created: 0, updated: 0, unchanged: 3 });
    expect(await allRawRows(database)).toEqual(before);
  });

  test('ans-database import updates the fields of a document, and keeps health and metadata of the application', async () => {
    const { db } = await openTestDatabase();
    await run(db, JSON.stringify(server));
    const [agent] = await db.queryAgents({});
    if (agent === undefined) throw new Error('no agent');
    await db.agents.setEndpointHealth(agent.id, 'remote-1', { status: 'HEALTHY' });
    await db.agents.mergeMetadata(agent.id, { mine: true });
    const changed = {
      ...server,
      description: 'new',
      remotes: [...server.remotes, { type: 'sse', url: 'https://d.example/' }],
    };
    expect(await run(db, JSON.stringify(changed))).toMatchObject({ created: 0, updated: 1 });
    const updated = await db.getAgent(agent.id);
    expect(updated).toMatchObject({ description: 'new', metadata: { mine: true, 'mcp.server': changed } });
    expect(updated?.endpoints.map(({ health }) => health.status)).toEqual(['HEALTHY', 'UNKNOWN']);
  });

  test('ans-database import uses the last of several documents for the same agent', async () => {
    const { db } = await openTestDatabase();
    const text = [
      { ...server, description: 'first' },
      { ...server, description: 'last' },
    ]
      .map((d) => JSON.stringify(d))
      .join('\n');
    expect(await run(db, text)).toMatchObject({ created: 1, duplicates: 1 });
    expect(await db.queryAgents({})).toMatchObject([{ description: 'last' }]);
    expect(await run(db, text)).toMatchObject({ unchanged: 1, duplicates: 1 });
  });

  test.each<[title: string, text: string, options: Partial<DocumentOptions>, message: RegExp]>([
    ['without an owner', JSON.stringify(server), { owner: undefined }, /--owner.*nothing was written/],
    ['without a certificate', JSON.stringify(own), { certificate: undefined }, /--certificate.*nothing was written/],
    ['with an invalid document', `${JSON.stringify(server)}\n{"name":""}`, {}, /^line 2: .*nothing was written/],
    ['with invalid JSON', `${JSON.stringify(server)}\n{"name`, {}, /^line 2: .*nothing was written/],
    ['of another format', JSON.stringify(card), { format: 'mcp' }, /skills/],
    ['that is no JSON', 'name: a', {}, /neither JSON/],
  ])('ans-database import refuses a file %s and writes nothing', async (_, text, options, message) => {
    const database = await openTestDatabase();
    const before = await allRawRows(database);
    await expect(run(database.db, text, options)).rejects.toThrow(message);
    expect(await allRawRows(database)).toEqual(before);
  });

  test('ans-database import skips invalid documents when skipsInvalid is true', async () => {
    const { db } = await openTestDatabase();
    const text = `{"name":""}\n${JSON.stringify(server)}\nx`;
    expect(await run(db, text, { skipsInvalid: true })).toMatchObject({ created: 1, invalid: 2, exitCode: 2 });
  });

  test('ans-database import refuses a document that matches several stored agents', async () => {
    const database = await openTestDatabase();
    for (const id of ['a', 'b']) await createAgent(database.db, { id, name: 'own', version: '3', owner: 'me' });
    const before = await allRawRows(database);
    await expect(run(database.db, JSON.stringify(own))).rejects.toThrow(/several stored agents/);
    expect(await allRawRows(database)).toEqual(before);
  });

  test.each([
    ['an OASF record', { name: 'a', version: 'v1', schema_version: '0.7.0', skills: [{ id: 1 }], modules: [] }],
    ['an AI catalog', { specVersion: '1.0', host: {}, entries: [{ identifier: 'urn:air:a', mediaType: 'x' }] }],
    ['an AI catalog', { identifier: 'urn:air:a', displayName: 'a', type: 'application/mcp', url: 'https://a.example' }],
  ])(
    'ans-database import names the supported formats and writes nothing when a document is %s',
    async (kind, document) => {
      const database = await openTestDatabase();
      const before = await allRawRows(database);
      const text = [server, document].map((some) => JSON.stringify(some)).join('\n');
      const error = await run(database.db, text).catch((reason: unknown) => String(reason));
      expect(error).toContain(
        `line 2: document is ${kind}, which cannot be imported. Supported formats are: server.json`,
      );
      expect(error).toContain('nothing was written');
      expect(await allRawRows(database)).toEqual(before);
      expect(await run(database.db, text, { skipsInvalid: true })).toMatchObject({
        created: 1,
        invalid: 1,
        exitCode: 2,
      });
    },
  );
});
