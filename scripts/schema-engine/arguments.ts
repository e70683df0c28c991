/** Arguments that Prisma's CLI passes to the schema engine on the command line. */
export interface Arguments {
  /** Command of `cli <command>`; undefined when the CLI sends requests on standard input. */
  readonly command: string | undefined;
  readonly datasource: Datasource;
  readonly schemaPaths: readonly string[];
}

/** Location of the database, which `prisma.config.ts` sets. */
export interface Datasource {
  readonly url: string | undefined;
  /** URL of a database on which migrations are replayed. It is needed when the role may not create databases. */
  readonly shadowDatabaseUrl: string | undefined;
}

export function readArguments(argv: readonly string[]): Arguments {
  const valuesOf = (option: string) => argv.filter((_, index) => argv[index - 1] === option);
  return {
    command: valuesOf('cli').at(0),
    datasource: readDatasource(valuesOf('--datasource').at(0) ?? '{}'),
    schemaPaths: valuesOf('--datamodels'),
  };
}

function readDatasource(text: string): Datasource {
  const datasource: unknown = JSON.parse(text);
  const read = (field: keyof Datasource): string | undefined => {
    const value: unknown = datasource instanceof Object ? Reflect.get(datasource, field) : undefined;
    return typeof value === 'string' ? value : undefined;
  };
  return { url: read('url'), shadowDatabaseUrl: read('shadowDatabaseUrl') };
}
