/** Text that replaces each secret value. */
export const redacted = '[redacted]';

const secretName =
  /(?:^|_)(?:(?:api|access|secret|private|app|auth|client|account|encryption|signing|service|subscription)_?keys?|(?:access|auth|refresh|bearer|session|id|api)?_?token|(?:client|app|api|shared)?_?secrets?|passw(?:or)?d|passphrase|pwd|credentials?|authorization|cookie|jwt|pat)$/;

/** Matches the names of headers whose values are never secret. */
const harmlessHeader = /^(?:accept(?:_\w+)?|content_type|user_agent|mcp_protocol_version)$/;

/** Matches private keys, and access tokens of known forms. */
const knownSecrets =
  /\b(?:eyJ[\w-]{6,}\.eyJ[\w-]{6,}\.[\w-]*|sk-[\w-]{16,}|gh[opsur]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}|AKIA[\dA-Z]{16}|AIza[\w-]{35})|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?/g;

/** Reports whether a field, variable, argument or parameter with this name usually contains a secret value. */
export function isSecretName(name: string): boolean {
  return secretName.test(normalize(name));
}

/**
 * Reports whether a variable or an argument with this name usually contains a secret value. Unlike {@link
 * isSecretName}, also accepts names that end with the word `key` or `pass`, as in `OPENAI_KEY` or `?key=`.
 */
export function isSecretVariable(name: string): boolean {
  const normal = normalize(name);
  return (
    secretName.test(normal) ||
    /(?:^|_)pass$/.test(normal) ||
    (/(?:^|_)keys?$/.test(normal) && !/(?:^|_)public_keys?$/.test(normal))
  );
}

/** Reports whether a header with this name can have a secret value. */
export function isSecretHeader(name: string): boolean {
  return !harmlessHeader.test(normalize(name));
}

/** Reports whether a text is a placeholder for a secret, or cannot be a secret. */
export function isPlaceholder(text: string): boolean {
  const rest = text
    .replaceAll(/\$?\{[^{}]*\}|<[^<>]*>|%7B.*?%7D/gi, '')
    .replace(/^\s*(?:bearer|basic|token|apikey|api-key)\b/i, '')
    .trim();
  return rest === '' || rest === redacted || /^(?:true|false|none|null|your[-_ ].*|x{3,}|\*{3,}|\.{3})$/i.test(rest);
}

/** Replaces private keys, and access tokens of known forms, in a text. */
export function replaceKnownSecrets(text: string): string {
  return text.replace(knownSecrets, redacted);
}

/** Returns a name in lower case with underscores between its words: `X-Api-Key` and `xApiKey` become `x_api_key`. */
function normalize(name: string): string {
  return name
    .normalize('NFKC')
    .replaceAll(/\p{Cf}/gu, '')
    .replaceAll(/([a-z\d])([A-Z])/g, '$1_$2')
    .replaceAll(/[^\p{L}\d]+/gu, '_')
    .replace(/^_+|_+$/g, '')
    .toLowerCase();
}
