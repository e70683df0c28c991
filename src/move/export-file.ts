import { createHash, type Hash } from 'node:crypto';
import { inBatches, type BatchLimits } from './batches';
import type { Content } from './content';
import { exportFormat, exportVersion, type ExportHeader, type ExportTrailer } from './export-format';
import { MoveError } from './move-error';
import { readLines, type Line, type Section } from './read-lines';
import type { Source } from './table-store';
import type { Row, Table, Value } from './table';

/** Table in an export file: its columns, the position of its rows in the file, and the digest of its content. */
interface FileTable {
  readonly columns: readonly string[];
  readonly section: Required<Section>;
  readonly content: Content;
}

/** Reports whether a parsed line is the first line of an export. */
export function isExportHeader(value: unknown): boolean {
  return isRecord(value) && value['format'] === exportFormat;
}

/** Export file whose lines, counts and hash have been verified. */
export class ExportFile implements Source {
  readonly #path: string;
  readonly #tables: ReadonlyMap<string, FileTable>;
  readonly trailer: ExportTrailer;

  private constructor(path: string, tables: ReadonlyMap<string, FileTable>, trailer: ExportTrailer) {
    this.#path = path;
    this.#tables = tables;
    this.trailer = trailer;
  }

  /**
   * Reads an export file to its end, and verifies it.
   *
   * @param onBytes - called with the number of bytes that were read so far.
   * @throws MoveError when the file is not an export, was truncated or was changed.
   */
  static async verify(path: string, onBytes: (count: number) => void): Promise<ExportFile> {
    let reader: ExportReader | undefined;
    let previous: Line | undefined;
    // Processes each line when the next line is known, because the last line has another format.
    for await (const line of readLines(path)) {
      if (previous !== undefined) reader = readLine(reader, previous);
      previous = line;
      onBytes(line.endOffset);
    }
    if (reader === undefined || previous === undefined) throw new MoveError('the file is not a complete export');
    return new ExportFile(path, ...reader.end(previous));
  }

  tableNames(): readonly string[] {
    return [...this.#tables.keys()];
  }

  columnNames(table: string): readonly string[] {
    return this.#table(table).columns;
  }

  count({ name }: Table): number {
    return this.#table(name).content.rows;
  }

  lastNumber({ name }: Table): number {
    return this.trailer.lastNumbers[name] ?? 0;
  }

  async *batches(table: Table, limits: BatchLimits): AsyncGenerator<Row[]> {
    const { columns, section } = this.#table(table.name);
    const indexes = table.columns.map(({ name }) => columns.indexOf(name) + 1);
    let rows: Row[] = [];
    for await (const line of readLines(this.#path, section)) {
      const values = parseRow(line);
      rows.push(indexes.map((index) => values[index] ?? null));
      // `rows` is never larger than a batch, so the memory use stays within about twice the limits.
      if (rows.length < limits.rows) continue;
      yield* inBatches(rows, limits);
      rows = [];
    }
    yield* inBatches(rows, limits);
  }

  content({ name }: Table, _: BatchLimits, onRows: (count: number) => void): Promise<Content> {
    const { content } = this.#table(name);
    onRows(content.rows);
    return Promise.resolve(content);
  }

  hasChanged(): boolean {
    return false;
  }

  #table(name: string): FileTable {
    const table = this.#tables.get(name);
    if (table === undefined) throw new MoveError(`the file has no table ${name}`);
    return table;
  }
}

function readLine(reader: ExportReader | undefined, line: Line): ExportReader {
  if (reader === undefined) return new ExportReader(line);
  reader.row(line);
  return reader;
}

/** Verifies the lines of an export file one by one. */
class ExportReader {
  readonly #hash: Hash = createHash('sha256');
  readonly #names: readonly string[];
  readonly #columns: ExportHeader['tables'];
  readonly #tables = new Map<string, { start: number; end: number; rows: number; readonly hash: Hash }>();
  #end: number;

  constructor(line: Line) {
    const header = parse(line);
    if (!isExportHeader(header) || !isRecord(header)) throw new MoveError('the first line is not that of an export');
    if (header['version'] !== exportVersion) {
      throw new MoveError(
        'the file was written by another version of ans-database, with another version of the format',
      );
    }
    const tables = header['tables'];
    if (!isRecord(tables) || !Object.values(tables).every(isTexts)) throw altered(line);
    // The cast is safe: `isTexts` has verified that each value is a list of texts.
    this.#columns = tables as ExportHeader['tables'];
    this.#names = Object.keys(tables);
    this.#end = line.endOffset;
    this.#add(line);
  }

  row(line: Line): void {
    const [name, ...values] = parseRow(line);
    const columns = typeof name === 'string' && Object.hasOwn(this.#columns, name) ? this.#columns[name] : undefined;
    if (columns?.length !== values.length) throw altered(line);
    const table = this.#tables.get(String(name)) ?? {
      start: this.#end,
      end: this.#end,
      rows: 0,
      hash: createHash('sha256'),
    };
    // All rows of one table must follow each other in the file.
    if (table.end !== this.#end) throw altered(line);
    this.#tables.set(String(name), table);
    table.hash.update(`${JSON.stringify(values)}\n`);
    table.rows += 1;
    table.end = line.endOffset;
    this.#end = line.endOffset;
    this.#add(line);
  }

  end(line: Line): [tables: ReadonlyMap<string, FileTable>, trailer: ExportTrailer] {
    const trailer = parse(line);
    if (!isTrailer(trailer)) throw new MoveError('the file was truncated: its last line is not that of an export');
    const tables = new Map(
      this.#names.map((name) => {
        const { start, end, rows, hash } = this.#tables.get(name) ?? {
          start: 0,
          end: 0,
          rows: 0,
          hash: createHash('sha256'),
        };
        const table = {
          columns: this.#columns[name] ?? [],
          section: { start, end },
          content: { rows, sha256: hash.digest('hex') },
        };
        return [name, table] as const;
      }),
    );
    const isCounted = [...tables].every(([name, { content }]) => trailer.rows[name] === content.rows);
    if (!isCounted)
      throw new MoveError('the file was changed: the numbers of its rows differ from those in its last line');
    if (trailer.sha256 !== this.#hash.digest('hex')) {
      throw new MoveError('the file was changed: its SHA-256 differs from the one in its last line');
    }
    return [tables, trailer];
  }

  #add({ text }: Line): void {
    this.#hash.update(`${text ?? ''}\n`);
  }
}

function parse(line: Line): unknown {
  try {
    if (line.text !== null) return JSON.parse(line.text) as unknown;
  } catch {
    // Ignores the parser's error and throws another one below, because the parser's message would contain parts of the
    // line.
  }
  throw altered(line);
}

function parseRow(line: Line): readonly Value[] {
  const values = parse(line);
  if (Array.isArray(values) && values.every(isValue)) return values;
  throw altered(line);
}

function altered({ number }: Line): MoveError {
  return new MoveError(`the file was changed or truncated: line ${number} is not that of an export`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((element) => typeof element === 'string');
}

function isNumbers(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every(Number.isSafeInteger);
}

function isTrailer(value: unknown): value is ExportTrailer {
  return (
    isRecord(value) &&
    isNumbers(value['rows']) &&
    isNumbers(value['lastNumbers']) &&
    typeof value['sha256'] === 'string'
  );
}

function isValue(value: unknown): value is Value {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
