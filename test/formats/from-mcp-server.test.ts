import { fromMcpServer } from '../../src/formats';
import { nonJsonValues, valuesBut } from '../support/bad-values';
import { expectError } from '../support/expect-error';

const server = {
  $schema: 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json',
  name: 'io.example/weather',
  description: 'Weather reports',
  version: '1.2.0',
  remotes: [
    { type: 'streamable-http', url: 'https://weather.example/mcp' },
    { type: 'sse', url: 'http://weather.example:8080/sse' },
  ],
  packages: [{ registryType: 'npm', identifier: '@example/weather', transport: { type: 'stdio' } }],
};
const agent = {
  name: 'io.example/weather',
  description: 'Weather reports',
  version: '1.2.0',
  endpoints: [
    {
      id: 'remote-1',
      protocol: 'mcp',
      address: 'https://weather.example/mcp',
      port: 443,
      metadata: { transport: 'streamable-http' },
    },
    {
      id: 'remote-2',
      protocol: 'mcp',
      address: 'http://weather.example:8080/sse',
      port: 8080,
      metadata: { transport: 'sse' },
    },
  ],
  metadata: { 'mcp.server': server },
};

describe('fromMcpServer', () => {
  test('fromMcpServer converts a server.json and keeps the whole document in the metadata', () => {
    expect(fromMcpServer(server)).toEqual({ agent, warnings: [] });
  });

  test('fromMcpServer converts a document in the wrapper of the registry API', () => {
    const wrapped = { server, _meta: { 'io.modelcontextprotocol.registry/official': { status: 'active' } } };
    expect(fromMcpServer(wrapped)).toEqual({ agent: { ...agent, metadata: { 'mcp.server': wrapped } }, warnings: [] });
  });

  test('fromMcpServer converts a document of the first schemas, whose fields had other names', () => {
    const old = {
      name: 'io.example/weather',
      description: 'Weather reports',
      version_detail: { version: '0.0.1-seed', is_latest: true },
      remotes: [
        { transport_type: 'sse', url: 'http://localhost:8000/sse' },
        { transport_type: '', url: 'ws://h' },
      ],
      packages: null,
    };
    expect(fromMcpServer(old).agent).toMatchObject({
      version: '0.0.1-seed',
      endpoints: [
        { id: 'remote-1', address: 'http://localhost:8000/sse', port: 8000, metadata: { transport: 'sse' } },
        { id: 'remote-2', protocol: 'mcp', address: 'ws://h', port: 80 },
      ],
    });
  });

  test('fromMcpServer warns of addresses without a host and a port and creates no endpoints for them', () => {
    const urls = [
      '{base}/mcp',
      'https://{tenant}.example.com/mcp',
      'https://h:{port}/',
      'foo://h/',
      'https://h:0/',
      '/a',
    ];
    const remotes = [...urls, 'https://h/{path}?q={q}'].map((url) => ({ type: 'sse', url }));
    const result = fromMcpServer({ ...server, remotes });
    expect(result.agent.endpoints).toMatchObject([{ id: 'remote-7', address: 'https://h/{path}?q={q}', port: 443 }]);
    expect(result.warnings).toEqual(
      urls.map((_, index) => `remotes[${index}].url has no host and port, so it is not an endpoint`),
    );
  });

  test.each(['deprecated', 'deleted'])('fromMcpServer warns of a server that the registry lists as %s', (status) => {
    const _meta = { 'io.modelcontextprotocol.registry/official': { status } };
    const warnings = [`the registry lists the server as ${status}`];
    expect(fromMcpServer({ server, _meta })).toMatchObject({ agent: { name: agent.name }, warnings });
    expect(fromMcpServer({ ...server, status }).warnings).toEqual(warnings);
    expect(fromMcpServer({ server, _meta }).agent.status).toBeUndefined();
  });

  test.each<[field: string, document: unknown]>([
    ...valuesBut('object').map(([, value]): [string, unknown] => ['document', value]),
    ...nonJsonValues.map(([, value]): [string, unknown] => ['document', { ...server, _meta: value }]),
    ['name', {}],
    ['name', { ...server, name: '' }],
    ['name', { ...server, name: 5 }],
    ['version', { ...server, version: undefined, version_detail: null }],
    ['document', { ...server, version: undefined }],
    ['version', { name: 'a', version: '' }],
    ['version_detail', { name: 'a', version_detail: 'x' }],
    ['version_detail.version', { name: 'a', version_detail: {} }],
    ['description', { ...server, description: {} }],
    ['remotes', { ...server, remotes: {} }],
    ['remotes[0]', { ...server, remotes: ['https://h'] }],
    ['remotes[1].url', { ...server, remotes: [{ url: 'https://h' }, { type: 'sse' }] }],
    ['remotes[0].type', { ...server, remotes: [{ url: 'https://h', type: 1 }] }],
    ['server.name', { server: {} }],
    ['server.remotes[0].url', { server: { ...server, remotes: [{}] } }],
    ['skills', { name: 'a', version: '1', skills: [] }],
    ['supportedInterfaces', { name: 'a', version: '1', supportedInterfaces: [] }],
  ])('fromMcpServer refuses a document with an invalid %s: %j', async (field, document) => {
    // Undefined is not a JSON value: a document that was parsed contains none.
    const parsed = field === 'version' ? (JSON.parse(JSON.stringify(document)) as unknown) : document;
    const error = await expectError('INVALID_INPUT', () => fromMcpServer(parsed));
    expect(error).toMatchObject({ field, operation: 'fromMcpServer' });
    expect(error.message).toMatch(/^Failed to convert MCP server: /);
  });
});
