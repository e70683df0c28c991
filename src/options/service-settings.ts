/** The settings that services go by: a part of the resolved options. */
export interface ServiceSettings {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly maxResults: number;
  readonly defaultAgentLifetimeMs: number;
}
