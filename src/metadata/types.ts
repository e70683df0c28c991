/** Any value that JSON can hold (RFC 8259). */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** Free data of the application's, by key. Each value keeps its JSON type. */
export type Metadata = Record<string, JsonValue>;
