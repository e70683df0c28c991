import type { JsonValue } from '../../src';
import type { Line } from '../../src/move/read-lines';
import { isRecord, RefusedError, type Row } from './row';
import { toAgentRow } from './to-agent';
import { toCertificateRow } from './to-certificate';

/**
 * Parses a line of an imported file. Returns undefined for a blank line.
 *
 * @throws RefusedError when the line is not an agent or a certificate.
 */
export function parseLine({ text }: Line, now: Date): Row | undefined {
  if (text === null) throw new RefusedError('is not valid UTF-8');
  if (text.trim() === '') return undefined;
  const record = parseJson(text);
  if (!isRecord(record)) throw new RefusedError('is not a JSON object');
  if ('fingerprint256' in record && 'pem' in record) return toCertificateRow(record, now);
  if ('name' in record) return toAgentRow(record);
  throw new RefusedError('is neither an agent nor a certificate');
}

function parseJson(text: string): JsonValue {
  try {
    // The cast is safe: JSON.parse returns only JSON values.
    return JSON.parse(text) as JsonValue;
  } catch {
    // Throws another error, because the message of the parser would contain parts of the line.
    throw new RefusedError('is not valid JSON');
  }
}
