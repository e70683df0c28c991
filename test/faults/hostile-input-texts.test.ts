import type { ResolutionQuery, SecurityEventQuery } from '../../src';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import { fold } from '../model/text';
import { shareTestDatabase } from '../support/test-database';
import { meaningfulTexts } from './hostile-values';

/** Each with what would be found by it, too, if it were not taken literally. */
const texts = [...new Set(meaningfulTexts)];
const long = '%_\'"\\😀'.repeat(131_072);

const idOf = (index: number): string => `${index} ${texts[index] ?? ''}`;

describe('A text that means something to somebody on the way', () => {
  const shared = shareTestDatabase({}, async ({ db }) => {
    for (const [index, text] of texts.entries()) {
      const id = idOf(index);
      const metadata = { [text]: text, nested: [{ [text]: [text] }] };
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

  test.each(texts.map((text, index) => [JSON.stringify(text), text, index] as const))(
    'comes back equal, and finds its own records only: %s',
    async (_, text, index) => {
      const { db } = shared();
      const id = idOf(index);
      const metadata = { [text]: text, nested: [{ [text]: [text] }] };
      const endpoint = { id, protocol: text, address: text, metadata };
      const agent = await db.getAgent(id);
      expect(agent).toMatchObject({ id, name: text, owner: text, version: text, publicKey: text, description: text });
      expect(agent).toMatchObject({ capabilities: [text], endpoints: [endpoint], defaultEndpoint: endpoint });
      expect(agent?.metadata).toEqual(metadata);
      expect(Object.keys(agent?.metadata ?? {}).sort()).toEqual([...new Set([text, 'nested'])].sort());
      expect(agent?.endpoints[0]?.health.message).toBe(text);
      const certificate = await db.getCertificate(id);
      expect(certificate).toMatchObject({ subject: text, issuer: text, fingerprint: id, publicKey: text, metadata });
      expect(await db.events.get(id)).toMatchObject({ eventType: text, source: text, target: text, metadata });
      expect(await db.events.get(id)).toMatchObject({ description: text, mitigationDetails: text });

      const agentQueries: ResolutionQuery[] = [
        ...[{ id }, { ids: [id] }, { exactName: text }, { owner: text }, { capabilities: [text] }, { protocol: text }],
        ...[{ metadata: { [text]: text } }, { metadata: { nested: [{ [text]: [text] }] } }, { fingerprint: id }],
        { capabilities: [text, text], allCapabilities: true },
      ];
      for (const query of agentQueries) expect((await db.queryAgents(query)).map((found) => found.id)).toEqual([id]);
      // A range of versions may match others as well.
      expect((await db.queryAgents({ version: text })).map((found) => found.id)).toContain(id);
      const eventQueries: SecurityEventQuery[] = [
        ...[{ ids: [id] }, { eventTypes: [text] }, { source: text }, { target: text }, { metadata: { [text]: text } }],
      ];
      for (const query of eventQueries) expect((await db.events.query(query)).map((found) => found.id)).toEqual([id]);
      expect(await db.getCertificateByFingerprint(id)).toMatchObject({ id });
      expect((await db.certificates.query({ metadata: { [text]: text } })).map((found) => found.id)).toEqual([id]);

      const withPart = texts.flatMap((other, place) => (fold(other).includes(fold(text)) ? [idOf(place)] : [])).sort();
      const parts = [
        await db.queryAgents({ name: text }),
        await db.certificates.query({ subject: text }),
        await db.certificates.query({ issuer: text }),
      ];
      for (const found of parts) expect(found.map((record) => record.id).sort()).toEqual(withPart);
    },
  );

  test('comes back equal where it is a megabyte', async () => {
    const { db } = shared();
    const certificateId = await db.createCertificate(certificateInput({ publicKey: long, certificate: long }));
    const id = await db.createAgent(
      agentInput({
        certificateId,
        publicKey: long,
        description: long,
        metadata: { long, [long.slice(0, 600)]: [long] },
      }),
    );
    const eventId = await db.recordSecurityEvent(eventInput({ description: long, metadata: { long } }));
    const agent = await db.getAgent(id);
    expect(agent?.publicKey === long && agent.description === long).toBe(true);
    expect(agent?.metadata['long'] === long).toBe(true);
    const certificate = await db.getCertificate(certificateId);
    expect(certificate?.publicKey === long && certificate.certificate === long).toBe(true);
    const event = await db.events.get(eventId);
    expect(event?.description === long && event.metadata['long'] === long).toBe(true);
    expect((await db.queryAgents({ metadata: { long } })).map((found) => found.id)).toEqual([id]);
  });

  test('leaves everything as it should be', async () => {
    expect(await shared().db.check()).toMatchObject({ ok: true });
    expect(await shared().db.agents.count()).toBe(texts.length + 1);
  });
});
