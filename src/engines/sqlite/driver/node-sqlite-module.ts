/*
 * Declares the part of Node's module `node:sqlite` that the driver uses. The types of the oldest supported Node.js do
 * not contain this module.
 */

/** Value that a statement of `node:sqlite` reads or binds. */
export type NodeValue = string | number | bigint | Uint8Array | null;

/** Class `StatementSync` of `node:sqlite`. */
export interface NodeStatement {
  readonly sourceSQL: string;
  setReturnArrays(enabled: boolean): void;
  setReadBigInts(enabled: boolean): void;
  columns(): readonly { readonly name: string; readonly type: string | null }[];
  get(...args: readonly unknown[]): NodeRow | undefined;
  all(...args: readonly unknown[]): NodeRow[];
  iterate(...args: readonly unknown[]): Iterable<NodeRow>;
  run(...args: readonly unknown[]): { readonly changes: number | bigint };
}

/** Row that a statement of `node:sqlite` returns: an array, or an object without a prototype. */
export type NodeRow = NodeValue[] | Record<string, NodeValue>;

/** Class `DatabaseSync` of `node:sqlite`. */
export interface NodeDatabase {
  readonly isOpen: boolean;
  readonly isTransaction: boolean;
  prepare(sql: string): NodeStatement;
  exec(sql: string): void;
  close(): void;
}

/** Progress of a backup, in pages of the database. */
export interface NodeBackupProgress {
  readonly totalPages: number;
  readonly remainingPages: number;
}

export interface NodeSqliteModule {
  readonly DatabaseSync: new (
    path: string,
    options: {
      readonly readOnly: boolean;
      readonly timeout: number;
      readonly enableForeignKeyConstraints: boolean;
      readonly enableDoubleQuotedStringLiterals: boolean;
      readonly allowExtension: boolean;
      readonly defensive: boolean;
    },
  ) => NodeDatabase;
  /** Function of `node:sqlite` that copies a database. Missing before Node.js 22.16. */
  readonly backup?: (
    source: NodeDatabase,
    path: string,
    options: { readonly rate: number; readonly progress: (progress: NodeBackupProgress) => void },
  ) => Promise<number>;
}
