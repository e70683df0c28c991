import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isDatabaseError, type AgentInput, type CertificateInput, type DatabaseService } from '../../index';
import { isFailure } from '../../errors/failure';
import { formatAmount, formatCount } from '../../console/format';
import { fitText } from '../../console/text-width';
import { CommandError } from '../command-error';
import type { Outcome } from '../report';
import type { Terminal } from '../terminal';
import { detectFormat, type DocumentFormat } from './detect-format';
import { readDocuments } from './documents';
import type { InputFile } from './input-file';
import { toAgent, type ImportDefaults } from './to-agent';
import { keyOf, upsertAgents } from './upsert';

/** Options for importing documents that describe agents. */
export interface DocumentOptions {
  readonly format: DocumentFormat | 'auto';
  readonly owner: string | undefined;
  /** Path of a PEM file with the certificate of the imported agents. */
  readonly certificate: string | undefined;
  readonly isDryRun: boolean;
  readonly skipsInvalid: boolean;
}

/** Problem or warning that concerns one document. */
interface Note {
  readonly place: string;
  readonly message: string;
}

const batchSize = 100;
/** Maximum number of listed problems and warnings, and of listed changes of a dry run. */
const maxListed = 100;

/**
 * Registers or updates the agents that a file describes, in one transaction. Reads the file twice: checks every
 * document before it uses the database.
 */
export async function importDocuments(
  db: DatabaseService,
  input: InputFile,
  options: DocumentOptions,
  terminal: Terminal,
): Promise<Outcome> {
  const certificate = options.certificate === undefined ? undefined : await readCertificate(options.certificate);
  const { id: certificateId, isNew } = await findCertificate(db, certificate);
  const defaults: ImportDefaults = {
    owner: options.owner,
    certificate: certificate === undefined ? undefined : { id: certificateId, publicKey: certificate.publicKey },
  };
  const plan = await check(input, options, defaults);
  if (plan.invalid.length > 0 && !options.skipsInvalid) {
    const [first] = plan.invalid;
    const others =
      plan.invalidCount === 1 ? '' : `, and ${formatCount(plan.invalidCount - 1)} more documents are invalid`;
    throw new CommandError(
      `${first === undefined ? '' : inOneLine(`${first.place}: ${first.message}`)}${others}; nothing was written`,
    );
  }
  const counts: ImportCounts = { created: 0, updated: 0, unchanged: 0, changes: [] };
  const rollback = new Error('dry run');
  try {
    await db.transaction(async (tx) => {
      // The transaction runs this callback again after a conflict, so the callback begins with new counts.
      Object.assign(counts, { created: 0, updated: 0, unchanged: 0, changes: [] });
      if (isNew && certificate !== undefined && plan.lastPlaces.size > 0) {
        await tx.createCertificate({ ...certificate, id: certificateId });
      }
      for await (const batch of agentBatches(input, options, defaults, plan)) {
        for (const [index, outcome] of (await upsertAgents(tx, batch)).entries()) {
          counts[outcome] += 1;
          const agent = batch[index];
          if (outcome === 'unchanged' || agent === undefined || counts.changes.length >= maxListed) continue;
          counts.changes.push({ outcome, owner: agent.owner, name: agent.name, version: agent.version });
        }
      }
      // A dry run makes all changes and rolls them back, to find also what the database rejects.
      if (options.isDryRun) throw rollback;
    });
  } catch (error) {
    if (error !== rollback) throw error;
  }
  return toOutcome(counts, plan, options, terminal);
}

interface ImportCounts {
  created: number;
  updated: number;
  unchanged: number;
  changes: { readonly outcome: string; readonly owner: string; readonly name: string; readonly version: string }[];
}

/** Result of checking all documents of a file. */
interface Plan {
  /** Place of the last document for each owner, name and version. The key is a hash of these three values. */
  readonly lastPlaces: Map<string, string>;
  duplicates: number;
  invalidCount: number;
  readonly invalid: Note[];
  warningCount: number;
  readonly warnings: Note[];
}

async function check(input: InputFile, options: DocumentOptions, defaults: ImportDefaults): Promise<Plan> {
  const plan: Plan = {
    lastPlaces: new Map(),
    duplicates: 0,
    invalidCount: 0,
    invalid: [],
    warningCount: 0,
    warnings: [],
  };
  for await (const { place, value } of readDocuments(input.path, input.bytes)) {
    try {
      const { agent, warnings } = convert(value, options, defaults);
      const key = hashOf(agent);
      if (plan.lastPlaces.has(key)) plan.duplicates += 1;
      plan.lastPlaces.set(key, place);
      plan.warningCount += warnings.length;
      for (const message of warnings) if (plan.warnings.length < maxListed) plan.warnings.push({ place, message });
    } catch (error) {
      if (!isDatabaseError(error) && !isFailure(error)) throw error;
      plan.invalidCount += 1;
      if (plan.invalid.length < maxListed) plan.invalid.push({ place, message: error.message });
    }
  }
  return plan;
}

/**
 * Reads the file again, and yields the agents of its documents in batches. Of several documents with the same owner,
 * name and version, uses only the last one.
 */
async function* agentBatches(
  input: InputFile,
  options: DocumentOptions,
  defaults: ImportDefaults,
  { lastPlaces, invalidCount }: Plan,
): AsyncGenerator<AgentInput[]> {
  let batch: AgentInput[] = [];
  for await (const { place, value } of readDocuments(input.path, input.bytes)) {
    const agent = invalidCount === 0 ? convert(value, options, defaults).agent : convertValid(value, options, defaults);
    if (agent === undefined || lastPlaces.get(hashOf(agent)) !== place) continue;
    batch.push(agent);
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function convertValid(...args: Parameters<typeof convert>): AgentInput | undefined {
  try {
    return convert(...args).agent;
  } catch (error) {
    if (isDatabaseError(error) || isFailure(error)) return undefined;
    throw error;
  }
}

function convert(value: unknown, { format }: DocumentOptions, defaults: ImportDefaults): ReturnType<typeof toAgent> {
  return toAgent(value, format === 'auto' ? detectFormat(value) : format, defaults);
}

function hashOf(agent: AgentInput): string {
  return createHash('sha256').update(keyOf(agent)).digest('base64').slice(0, 22);
}

async function readCertificate(path: string): Promise<CertificateInput> {
  const pem = await readFile(path, 'utf8').catch(() => undefined);
  if (pem === undefined) throw new CommandError(`${path} is not a readable file`, 'NOT_FOUND');
  const { certificateFromPem } = await import('../../x509/index.js');
  return certificateFromPem(pem);
}

/**
 * Returns the id of the stored certificate with the same fingerprint as the given one. Returns a new id when no
 * certificate has this fingerprint.
 */
async function findCertificate(
  db: DatabaseService,
  certificate: CertificateInput | undefined,
): Promise<{ readonly id: string; readonly isNew: boolean }> {
  const stored = certificate && (await db.getCertificateByFingerprint(certificate.fingerprint));
  if (stored?.status === 'REVOKED')
    throw new CommandError('the certificate of --certificate is REVOKED; nothing was written');
  const { v7: uuidv7 } = await import('uuid');
  return stored == null ? { id: uuidv7(), isNew: true } : { id: stored.id, isNew: false };
}

function toOutcome(counts: ImportCounts, plan: Plan, { isDryRun }: DocumentOptions, { style }: Terminal): Outcome {
  const { created, updated, unchanged, changes } = counts;
  const { duplicates, invalidCount, invalid, warningCount, warnings } = plan;
  const result = { created, updated, unchanged, duplicates, invalid: invalidCount, warnings: warningCount };
  const listed = isDryRun ? changes : [];
  const lines = [
    ...listed.map(({ outcome, owner, name, version }) => [outcome, owner, name, version].map(inOneLine).join('\t')),
    ...warnings.map((note) => style.warning(describe('warning', note))),
    ...(warningCount > warnings.length ? [style.warning(`warnings in all: ${formatCount(warningCount)}`)] : []),
    ...invalid.map((note) => style.warning(describe('skipped', note))),
    style.bold(
      `${formatAmount(created, 'agent')} ${isDryRun ? 'would be created' : 'created'}, ${formatCount(updated)} updated, ${formatCount(unchanged)} unchanged`,
    ),
    ...(duplicates > 0 ? [`${formatAmount(duplicates, 'earlier document')} of the same agents ignored`] : []),
  ];
  const json = { dryRun: isDryRun, ...result, ...(isDryRun ? { changes } : {}), problems: invalid, notes: warnings };
  return { json, lines, exitCode: invalidCount > 0 ? 2 : 0 };
}

/** Describes a problem or a warning in one line. The message can contain names of fields of the document. */
function describe(kind: string, { place, message }: Note): string {
  return inOneLine(`${kind}: ${place}: ${message}`);
}

function inOneLine(text: string): string {
  return fitText(text, Infinity);
}
