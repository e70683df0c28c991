import type { ResolutionQuery, SecurityEventQuery } from '../../src';
import { fold } from '../model/text';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import { isLongRun, sampled } from '../support/sampled';
import { shareTestDatabase } from '../support/test-database';
import { meaningfulTexts } from './hostile-values';

/** Distinct texts. A text that a query does not take literally would also find some of the other texts. */
const texts = [...new Set(meaningfulTexts)];
const long = '%_\'"\\😀'.repeat(isLongRun ? 131_072 : 13_107);

const idOf = (index: number): string => `${index} ${texts[index] ?? ''}`;
const metadataOf = (text: string) => ({ [text]: text, nested: [{ [text]: [text] }] });
const idsOf = (records: readonly { readonly id: string }[]): string[] => records.map(({ id }) => id);

describe('A text with a meaning in SQL, patterns, JSON or JavaScript', () => {
  const shared = shareTestDatabase({}, async ({ db }) => {
    for (const [index, text] of texts.entries()) {
      const [id, metadata] = [idOf(index), metadataOf(text)];
      const certificate = { id, subject: text, issuer: text, fingerprint: id, publicKey: text, certificate: text };
      await db.createCertificate(certificateInput({ ...certificate, metadata }));
      const health = { status: 'HEALTHY', lastChecked: new Date(0), message: text } as const;
      const endpoint = { id, protocol: text, address: text, port: 1, health, metadata };
      const fields = { name: text, owner: text, version: text, publicKey: text, description: text };
      const agent = { id, certificateId: id, ...fields, metadata, endpoints: [endpoint], defaultEndpoint: endpoint };
      await db.createAgent(agentInput({ ...agent, capabilities: [text] }));
      const event = { id, eventType: text, source: text, target: text, description: text, mitigationDetails: text };
      await db.recordSecurityEvent(eventInput({ ...event, mitigationApplied: true, metadata }));
    }
  });

  const rows = texts.map((text, index) => [JSON.stringify(text), text, index] as const);

  test.each(sampled(rows, 4))(
    'a text with a special meaning is stored unchanged and finds only its own records: %s',
    async (_, text, index) => {
      const { db } = shared();
      const [id, metadata] = [idOf(index), metadataOf(text)];
      const agent = await db.getAgent(id);
      expect(agent).toMatchObject({ id, name: text, owner: text, version: text, publicKey: text, description: text });
      const endpoint = { id, protocol: text, address: text, metadata };
      expect(agent).toMatchObject({ capabilities: [text], endpoints: [endpoint], defaultEndpoint: endpoint });
      expect(agent?.metadata).toEqual(metadata);
      expect(Object.keys(agent?.metadata ?? {}).sort()).toEqual([...new Set([text, 'nested'])].sort());
      expect(agent?.endpoints[0]?.health.message).toBe(text);
      const certificate = await db.getCertificate(id);
      expect(certificate).toMatchObject({ subject: text, issuer: text, fingerprint: id, publicKey: text, metadata });
      const event = {
        eventType: text,
        source: text,
        target: text,
        description: text,
        mitigationDetails: text,
        metadata,
      };
      expect(await db.events.get(id)).toMatchObject(event);

      const agentQueries: ResolutionQuery[] = [
        ...[{ id }, { ids: [id] }, { exactName: text }, { owner: text }, { capabilities: [text] }, { protocol: text }],
        ...[{ metadata: { [text]: text } }, { metadata: { nested: [{ [text]: [text] }] } }, { fingerprint: id }],
        { capabilities: [text, text], allCapabilities: true },
      ];
      for (const query of agentQueries) expect(idsOf(await db.queryAgents(query))).toEqual([id]);
      // A text that is a version range may match other versions as well.
      expect(idsOf(await db.queryAgents({ version: text }))).toContain(id);
      const eventQueries: SecurityEventQuery[] = [
        ...[{ ids: [id] }, { eventTypes: [text] }, { source: text }, { target: text }, { metadata: { [text]: text } }],
      ];
      for (const query of eventQueries) expect(idsOf(await db.events.query(query))).toEqual([id]);
      expect(await db.getCertificateByFingerprint(id)).toMatchObject({ id });
      expect(idsOf(await db.certificates.query({ metadata: { [text]: text } }))).toEqual([id]);

      const withPart = texts.flatMap((other, place) => (fold(other).includes(fold(text)) ? [idOf(place)] : [])).sort();
      const parts = [
        await db.queryAgents({ name: text }),
        await db.certificates.query({ subject: text }),
        await db.certificates.query({ issuer: text }),
      ];
      for (const found of parts) expect(idsOf(found).sort()).toEqual(withPart);
    },
  );

  test('a long text with special characters is stored unchanged, and its records are valid', async () => {
    const { db } = shared();
    const certificateId = await db.createCertificate(certificateInput({ publicKey: long, certificate: long }));
    const metadata = { long, [long.slice(0, 600)]: [long] };
    const id = await db.createAgent(agentInput({ certificateId, publicKey: long, description: long, metadata }));
    const eventId = await db.recordSecurityEvent(eventInput({ description: long, metadata: { long } }));
    const agent = await db.getAgent(id);
    const certificate = await db.getCertificate(certificateId);
    const event = await db.events.get(eventId);
    const stored = [agent?.publicKey, agent?.description, agent?.metadata['long'], certificate?.publicKey];
    stored.push(certificate?.certificate, event?.description, event?.metadata['long']);
    // Compares booleans, so that the message of a failure does not contain megabytes of text.
    expect(stored.map((text) => text === long)).toEqual(stored.map(() => true));
    expect(idsOf(await db.queryAgents({ metadata: { long } }))).toEqual([id]);
    expect(await db.check()).toMatchObject({ ok: true });
    expect(await db.agents.count()).toBe(texts.length + 1);
  });
});
