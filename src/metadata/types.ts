/** Any JSON value (RFC 8259). */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** Data of the application by key. Each value keeps its JSON type. */
export type Metadata = Record<string, JsonValue>;
