/** Any JSON value (RFC 8259). */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** Data of the application: JSON values by key. */
export type Metadata = Record<string, JsonValue>;
