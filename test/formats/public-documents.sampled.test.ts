import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromA2aCard, fromMcpServer, type FormatResult } from '../../src/formats';
import { isSecretVariable } from '../../src/formats/secret-names';
import { createCertificate } from '../support/factories';
import { describeWithSharedData, readSharedData, sharedDataDirectory, type PublicAgent } from '../support/shared-data';
import { isLongRun, sampled } from '../support/sampled';
import { shareTestDatabase } from '../support/test-database';

const shared = shareTestDatabase();

/** Returns the documents that the public agents were read from, with the agents. */
function readDocuments(): readonly {
  readonly row: PublicAgent;
  readonly result: FormatResult;
  readonly document: object;
}[] {
  return sampled(readSharedData<PublicAgent>('agents'), 20).flatMap((row) => {
    const { source, name, version, description, endpoints, metadata } = row;
    const fields = { name, ...(description === undefined ? {} : { description }), ...metadata };
    if (/^(?:mcp-registry|nimblebrain)/.test(source)) {
      const document = 'version_detail' in metadata ? fields : { ...fields, version };
      return [{ row, document, result: fromMcpServer(document) }];
    }
    if (!source.startsWith('a2a-')) return [];
    const url = endpoints.find(({ role }) => role === 'primary')?.address;
    const document = { ...fields, version, ...(url === undefined ? {} : { url }) };
    return [{ row, document, result: fromA2aCard(document) }];
  });
}

describeWithSharedData('The documents of public registries', () => {
  test('converted documents have the names, versions, capabilities and addresses that their registries list', () => {
    const documents = readDocuments();
    expect(documents.length).toBeGreaterThan(isLongRun ? 1400 : 50);
    for (const { row, result } of documents) {
      const { agent } = result;
      expect([agent.name, agent.version, agent.description]).toEqual([row.name, row.version, row.description]);
      expect(agent.capabilities ?? []).toEqual([...new Set(row.capabilities)]);
      const remotes = row.endpoints.filter(({ role, port }) => role !== 'package' && port !== undefined);
      const addresses = (agent.endpoints ?? []).map(({ address, port }) => `${address} ${port}`);
      expect(new Set(addresses)).toEqual(new Set(remotes.map(({ address, port }) => `${address} ${String(port)}`)));
    }
  });

  test('converted documents are stored completely, except values with the name of a secret', () => {
    const changed = readDocuments().filter(({ document, result }) => {
      const [kept] = Object.values(result.agent.metadata ?? {});
      return JSON.stringify(kept, sortKeys) !== JSON.stringify(document, sortKeys);
    });
    expect(changed.length).toBeLessThan(25);
    for (const { result } of changed) expect(result.warnings.join()).toContain('signature');
    expect(isSecretVariable('API_KEY')).toBe(true);
  });

  test('converted documents of public registries can be registered with an owner and a certificate', async () => {
    const { db } = shared();
    const certificateId = await createCertificate(db, { fingerprint: 'AB:CD' });
    const agents = readDocuments().map(({ result: { agent } }) => ({
      ...agent,
      owner: agent.owner ?? 'importer',
      certificateId,
      publicKey: 'key',
    }));
    expect(await db.agents.createMany(agents)).toHaveLength(agents.length);
    expect(await db.agents.count()).toBe(agents.length);
  });

  test('example documents are converted or refused according to their kind', () => {
    const directory = join(sharedDataDirectory, 'formats');
    const outcomes = readdirSync(directory)
      .filter((file) => file.endsWith('.json'))
      .map((file) => {
        const document: unknown = JSON.parse(readFileSync(join(directory, file), 'utf8'));
        return [file, isConverted(() => fromMcpServer(document)), isConverted(() => fromA2aCard(document))];
      });
    expect(outcomes).toEqual([
      ['agntcy-dir.a2a-agent-card.json', false, true],
      ['agntcy-dir.mcp-server.json', true, false],
      ['agntcy-dir.record_070.json', false, false],
      ['agntcy-dir.record_100.json', false, false],
      ['ai-catalog.json', false, false],
    ]);
  });
});

function isConverted(convert: () => FormatResult): boolean {
  try {
    convert();
    return true;
  } catch {
    return false;
  }
}

function sortKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}
