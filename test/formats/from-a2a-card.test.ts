import { fromA2aCard } from '../../src/formats';
import { valuesBut } from '../support/bad-values';
import { expectError } from '../support/expect-error';

const skills = [
  { id: 'translate', name: 'Translate', description: 'Translates texts', tags: ['language'] },
  { id: 'detect', name: 'Detect', description: 'Detects languages', tags: [] },
];
const common = {
  name: 'Translator',
  description: 'Translates',
  version: '2.0.0',
  capabilities: { streaming: true },
  skills,
};
const latest = {
  ...common,
  provider: { organization: 'Example Organization', url: 'https://example.com' },
  supportedInterfaces: [
    { url: 'https://a2a.example/v1', protocolBinding: 'JSONRPC', protocolVersion: '1.0', tenant: 't1' },
    { url: 'grpc.example:50051', protocolBinding: 'GRPC', protocolVersion: '1.0' },
  ],
  signatures: [
    { protected: 'eyJhbGciOiJFUzI1NiJ9', signature: 'QFdkNLNszlGj3z3u0YQGt_T9LixY3qtdQpZmsTdDHDe3fXV9y9-B3m2-X' },
  ],
};

describe('fromA2aCard', () => {
  test('fromA2aCard converts a card of version 1.0 and keeps the whole card in the metadata', () => {
    expect(fromA2aCard(latest)).toEqual({
      agent: {
        name: 'Translator',
        description: 'Translates',
        version: '2.0.0',
        owner: 'Example Organization',
        endpoints: [
          {
            id: 'interface-1',
            protocol: 'a2a',
            address: 'https://a2a.example/v1',
            port: 443,
            metadata: { transport: 'JSONRPC', protocolVersion: '1.0', tenant: 't1' },
          },
          {
            id: 'interface-2',
            protocol: 'a2a',
            address: 'grpc.example:50051',
            port: 50051,
            metadata: { transport: 'GRPC', protocolVersion: '1.0' },
          },
        ],
        capabilities: ['translate', 'detect'],
        metadata: { 'a2a.card': latest },
      },
      warnings: [],
    });
  });

  test('fromA2aCard converts a card of version 0.3 whose additional interfaces repeat the first interface', () => {
    const url = 'https://a2a.example/';
    const card = {
      ...common,
      protocolVersion: '0.3.0',
      url,
      preferredTransport: 'JSONRPC',
      additionalInterfaces: [
        { url, transport: 'JSONRPC' },
        { url: 'https://a2a.example/rest', transport: 'HTTP+JSON' },
        { url: '[::1]:9000', transport: 'GRPC' },
      ],
    };
    const { agent, warnings } = fromA2aCard(card);
    expect(
      agent.endpoints?.map(({ id, address, port, metadata }) => [id, address, port, metadata?.['transport']]),
    ).toEqual([
      ['interface-1', url, 443, 'JSONRPC'],
      ['interface-2', 'https://a2a.example/rest', 443, 'HTTP+JSON'],
      ['interface-3', '[::1]:9000', 9000, 'GRPC'],
    ]);
    expect([agent.owner, warnings]).toEqual([undefined, []]);
  });

  test('fromA2aCard converts a card of version 0.2, which has one address', () => {
    const { agent, warnings } = fromA2aCard({
      ...common,
      url: 'http://localhost:10200/',
      provider: { organization: '' },
    });
    expect(agent.endpoints).toEqual([
      { id: 'interface-1', protocol: 'a2a', address: 'http://localhost:10200/', port: 10200 },
    ]);
    expect([agent.owner, warnings]).toEqual([undefined, []]);
  });

  test('fromA2aCard warns of addresses and skills that an agent cannot have', () => {
    const supportedInterfaces = [{ url: 'grpc.example', protocolBinding: 'GRPC' }, { url: 'https://h' }];
    const { agent, warnings } = fromA2aCard({
      ...common,
      supportedInterfaces,
      skills: [{ id: '' }, {}, { id: 'a' }, { id: 'a' }],
    });
    expect(agent).toMatchObject({ capabilities: ['a'], endpoints: [{ id: 'interface-1', address: 'https://h' }] });
    expect(warnings).toEqual([
      'supportedInterfaces[0].url has no host and port, so it is not an endpoint',
      'skills[0].id is missing, so the skill is not a capability',
      'skills[1].id is missing, so the skill is not a capability',
    ]);
  });

  test.each<[field: string, document: unknown]>([
    ...valuesBut('object').map(([, value]): [string, unknown] => ['document', value]),
    ['name', { version: '1', skills }],
    ['version', { name: 'a', skills }],
    ['skills', { name: 'a', version: '1' }],
    ['skills', { ...common, skills: {} }],
    ['skills[0]', { ...common, skills: ['a'] }],
    ['skills[1].id', { ...common, skills: [{ id: 'a' }, { id: 1 }] }],
    ['description', { ...common, description: 1 }],
    ['provider', { ...common, provider: 'acme' }],
    ['provider.organization', { ...common, provider: { organization: 1 } }],
    ['url', { ...common, url: 1 }],
    ['preferredTransport', { ...common, url: 'https://h', preferredTransport: 1 }],
    ['supportedInterfaces', { ...common, supportedInterfaces: {} }],
    ['supportedInterfaces[0].url', { ...common, supportedInterfaces: [{}] }],
    ['additionalInterfaces[0].transport', { ...common, additionalInterfaces: [{ url: 'https://h', transport: [] }] }],
  ])('fromA2aCard refuses a document with an invalid %s: %j', async (field, document) => {
    const error = await expectError('INVALID_INPUT', () => fromA2aCard(document));
    expect(error).toMatchObject({ field, operation: 'fromA2aCard' });
    expect(error.message).toMatch(/^Failed to convert A2A agent card: /);
  });
});
