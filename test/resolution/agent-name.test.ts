import fc from 'fast-check';
import { formatAgentName, parseAgentName, type AgentName } from '../../src';
import { expectError } from '../support/expect-error';

const v1 = { format: 'ans-v1', protocol: 'mcp', agent: 'a', capability: 'c', provider: 'p', version: '1' } as const;

describe('parseAgentName', () => {
  test.each<[string, AgentName]>([
    ['mcp://a.c.p.v1', v1],
    ['mcp://a.c.p.q.v1', { ...v1, provider: 'p.q' }],
    ['a2a://a.c.p.v2.1.hipaa', { ...v1, protocol: 'a2a', version: '2.1', extension: 'hipaa' }],
    [
      'mcp://shoppingAgent.retail.acme.v1.0.0.example.com',
      {
        ...v1,
        ...{ agent: 'shoppingAgent', capability: 'retail', provider: 'acme', version: '1.0.0' },
        extension: 'example.com',
      },
    ],
    ['mcp://a.c.v2ray.v1.2.3.4', { ...v1, provider: 'v2ray', version: '1.2.3', extension: '4' }],
    ['mcp://a.c.v2.v1', { ...v1, provider: 'v2' }],
    ['mcp://v1.v2.p.v1', { ...v1, agent: 'v1', capability: 'v2' }],
    ['mcp://a.c.p.v1.0.0-rc.1', { ...v1, version: '1.0.0-rc.1' }],
    ['ans://a.c.p.v1', { ...v1, protocol: 'ans' }],
    ['ans://v1.2.3.host', { format: 'ans-v2', version: '1.2.3', host: 'host' }],
    ['ans://v1.agent.example.com', { format: 'ans-v2', version: '1', host: 'agent.example.com' }],
    ['ans://v1.2.3.4.host', { format: 'ans-v2', version: '1.2.3', host: '4.host' }],
  ])('parseAgentName parses %s', (text, name) => {
    expect(parseAgentName(text)).toEqual(name);
    expect(formatAgentName(name)).toBe(text);
  });

  test.each([
    ...['', 'a', 'mcp://', 'mcp://a.c.p', 'mcp://a.c.v1', 'mcp://a.c.p.v', 'mcp://a.c.p.v01', 'mcp://a..p.v1'],
    ...['a.c.p.v1', 'mcp:a.c.p.v1', '1mcp://a.c.p.v1', 'mcp://a.c.p.v1.', 'mcp://a c.c.p.v1', 'mcp://a.c.p.v1/x'],
    ...['mcp://a.c.p.v1:443', 'mcp://u@a.c.p.v1', 'ans://v1', 'ans://v1.2.3', 'ans://v1.2.3.4', 'ans://v01.host'],
    'mcp://v1.2.3.host',
    ...[`mcp://a.c.p.v1.${'x'.repeat(2048)}`, 'mcp://a.c.p.v1.\0', 'mcp://a.c.p.v1.\ud800'],
  ])('parseAgentName refuses the name %j', async (text) => {
    const error = await expectError('INVALID_INPUT', () => parseAgentName(text));
    expect(error).toMatchObject({ field: 'agentName', operation: 'parseAgentName' });
  });

  test('parseAgentName refuses a value that is not a string', async () => {
    await expectError('INVALID_INPUT', () => parseAgentName(5 as unknown as string));
  });
});

describe('formatAgentName', () => {
  test.each<[string, object]>([
    ['name.agent', { ...v1, agent: 'a.b' }],
    ['name.provider', { ...v1, provider: 'p.v2' }],
    ['name.version', { ...v1, version: '1.0.0-rc', extension: 'x' }],
    ['name.version', { ...v1, version: undefined }],
    ['name', { ...v1, host: 5, other: 1 }],
    ['name.host', { ...v1, host: 'h' }],
    ['name.format', { ...v1, format: 'ans-v3' }],
    ['name.host', { format: 'ans-v2', version: '1' }],
    ['name', { ...v1, extension: '' }],
  ])('formatAgentName refuses a name with a wrong %s', async (field, name) => {
    const error = await expectError('INVALID_INPUT', () => formatAgentName(name as AgentName));
    expect(error).toMatchObject({ field, operation: 'formatAgentName' });
  });

  test('formatAgentName is the inverse of parseAgentName', () => {
    const label = fc.stringMatching(/^[a-z0-9-]{1,3}$|^v[0-9]$/);
    const labels = fc.array(fc.oneof(label, fc.constantFrom('v1', '2', '3', '0-rc', 'v1')), {
      minLength: 1,
      maxLength: 9,
    });
    const text = fc
      .tuple(fc.constantFrom('ans', 'mcp', 'a2a'), labels)
      .map(([protocol, rest]) => `${protocol}://${rest.join('.')}`);
    let parsed = 0;
    fc.assert(
      fc.property(text, (name) => {
        const parts = tryParse(name);
        if (parts === undefined) return;
        parsed += 1;
        expect(formatAgentName(parts)).toBe(name);
      }),
      { numRuns: 500 },
    );
    expect(parsed).toBeGreaterThan(20);
  });
});

function tryParse(text: string): AgentName | undefined {
  try {
    return parseAgentName(text);
  } catch {
    return undefined;
  }
}
