import type { AgentRecord, CertificateInput, Certificate } from '../../src';
import { agentQuestion, eventQuestion, question, type Question, type Shown } from './question';

const name: Shown<AgentRecord> = ['name', (agent) => agent.name];
const version: Shown<AgentRecord> = ['version', (agent) => agent.version];
const owner: Shown<AgentRecord> = ['owner', (agent) => agent.owner];
const status: Shown<AgentRecord> = ['status', (agent) => agent.status];
const capabilities: Shown<AgentRecord> = ['capabilities', (agent) => agent.capabilities.join(', ')];
const endpoints: Shown<AgentRecord> = [
  'endpoints',
  (agent) => agent.endpoints.map(({ protocol, health }) => `${protocol} ${health.status}`).join(', '),
];
const expires: Shown<AgentRecord> = ['expires', (agent) => day(agent.expiresAt)];

/** Creates the questions of the demo, the simplest first. `presented` is the certificate of Lingua Labs' agents. */
export function createQuestions(now: Date, presented: CertificateInput): Question[] {
  return [...simpleQuestions(), ...combinedQuestions(now), ...certificateQuestions(presented), eventsBySeverity()];
}

function simpleQuestions(): Question[] {
  return [
    question<AgentRecord>(
      'One agent by its id',
      "db.getAgent('demo/translator')",
      [name, version, owner, ['default endpoint', (agent) => agent.defaultEndpoint?.address ?? '-']],
      async (db) => [await db.getAgent('demo/translator')].filter((agent) => agent !== null),
    ),
    agentQuestion('A part of the name, in whatever case', { name: 'WEATHER' }, [name, version, owner, status]),
    agentQuestion('"%" is a letter like any other', { name: '100%' }, [name, version, owner]),
    agentQuestion('Exactly this name', { exactName: '翻訳エージェント' }, [
      name,
      owner,
      ['description', (agent) => agent.description ?? '-'],
    ]),
    agentQuestion('Any of two capabilities', { capabilities: ['translate.speech', 'transcribe.speech'] }, [
      name,
      version,
      capabilities,
    ]),
    agentQuestion(
      'All of two capabilities',
      { capabilities: ['translate.text', 'summarise.text'], allCapabilities: true },
      [name, version, capabilities],
    ),
  ];
}

function combinedQuestions(now: Date): Question[] {
  const inAWeek = new Date(now.getTime() + 7 * 86_400_000);
  return [
    agentQuestion('Healthy on one and the same endpoint, over WebSocket', { protocol: 'wss', health: ['HEALTHY'] }, [
      name,
      endpoints,
    ]),
    agentQuestion('A range of versions, as npm has them', { version: '^1.2.0', orderBy: 'version' }, [
      name,
      version,
      owner,
    ]),
    agentQuestion('Metadata keep their JSON types', { metadata: { gpu: true, region: 'us-east' } }, [
      name,
      ['metadata', (agent) => JSON.stringify(agent.metadata)],
    ]),
    agentQuestion(
      'All of one owner, the newest version first',
      { owner: 'Meteo Cooperative', orderBy: 'version', orderDirection: 'desc' },
      [name, version, status],
    ),
    agentQuestion(
      'Registrations that end within a week',
      { expiresAfter: now, expiresBefore: inAWeek, orderBy: 'expiresAt' },
      [expires, name, version, owner],
    ),
    agentQuestion('Who is out of service', { status: ['SUSPENDED', 'DEPRECATED', 'EXPIRED'], orderBy: 'name' }, [
      status,
      name,
      version,
      expires,
    ]),
    agentQuestion(
      'The first three of all that may be called now',
      { status: ['ACTIVE'], includeExpired: false, orderBy: 'name', limit: 3 },
      [name, version, expires],
    ),
  ];
}

function certificateQuestions({ fingerprint }: CertificateInput): Question[] {
  // As another tool might write it; colons and case make no difference.
  const bare = fingerprint.replaceAll(':', '').toLowerCase();
  return [
    question<Certificate>(
      'A certificate by its fingerprint',
      `db.getCertificateByFingerprint(\n  '${bare}',\n)`,
      [
        ['name', (certificate) => commonName(certificate.subject)],
        ['not after', (certificate) => day(certificate.notAfter)],
        ['status', (certificate) => certificate.status],
        ['key', (certificate) => JSON.stringify(certificate.metadata['keyType'])],
      ],
      async (db) => [await db.getCertificateByFingerprint(bare)].filter((certificate) => certificate !== null),
    ),
    agentQuestion('The agents that present it', { fingerprint: bare }, [name, version, owner]),
  ];
}

function eventsBySeverity(): Question {
  return eventQuestion('Security events that are HIGH or worse', { minSeverity: 'HIGH', limit: 10 }, [
    ['when (UTC)', (event) => event.timestamp.toISOString().slice(0, 16).replace('T', ' ')],
    ['severity', (event) => event.severity],
    ['type', (event) => event.eventType],
    ['description', (event) => event.description],
  ]);
}

function commonName(subject: string): string {
  return /(?:^|, )CN=(.*)$/.exec(subject)?.[1] ?? subject;
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
