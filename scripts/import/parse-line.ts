import type { JsonValue } from '../../src';
import type { Line } from './read-lines';
import { isRecord, RefusedError, type Row } from './row';
import { toAgentRow } from './to-agent';
import { toCertificateRow } from './to-certificate';

/** Parses a line; returns undefined for a blank line. @throws RefusedError */
export function parseLine({ text }: Line, now: Date): Row | undefined {
  if (text === null) throw new RefusedError('is no UTF-8');
  if (text.trim() === '') return undefined;
  const record = parseJson(text);
  if (!isRecord(record)) throw new RefusedError('is no JSON object');
  if ('fingerprint256' in record && 'pem' in record) return toCertificateRow(record, now);
  if ('name' in record) return toAgentRow(record);
  throw new RefusedError('is neither an agent nor a certificate');
}

function parseJson(text: string): JsonValue {
  try {
    // JSON.parse makes nothing but JSON values.
    return JSON.parse(text) as JsonValue;
  } catch {
    // The parser's own message would quote the line.
    throw new RefusedError('is malformed JSON');
  }
}
