/** Any JSON value (RFC 8259). */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** Metadata: JSON values of the application, by key. */
export type Metadata = Record<string, JsonValue>;
