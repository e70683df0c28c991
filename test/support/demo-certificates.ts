import { readFileSync } from 'node:fs';
import { join } from 'node:path';

type DemoCertificate = Readonly<Record<'certificate' | 'fingerprint' | 'serialNumber', string>>;

const text = readFileSync(join(__dirname, '../../scripts/demo/owners.json'), 'utf8');
const owners = JSON.parse(text) as readonly { readonly certificate: DemoCertificate }[];

/** Certificates of public authorities, as the demo registers them. */
export const demoCertificates = owners.map(({ certificate }) => certificate);

/** PEM text of the first of these certificates. */
export const demoPem = demoCertificates[0]?.certificate ?? '';
