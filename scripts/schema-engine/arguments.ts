/** What the CLI hands over on the command line. */
export interface Arguments {
  /** The command of `cli <command>`; without one, the CLI talks over standard input and output. */
  readonly command: string | undefined;
  readonly url: string | undefined;
  readonly schemaPaths: readonly string[];
}

export function readArguments(argv: readonly string[]): Arguments {
  const valuesOf = (option: string) => argv.filter((_, index) => argv[index - 1] === option);
  return {
    command: valuesOf('cli').at(0),
    url: valuesOf('--datasource').map(readUrl).at(0),
    schemaPaths: valuesOf('--datamodels'),
  };
}

function readUrl(datasource: string): string | undefined {
  const value: unknown = JSON.parse(datasource);
  const url = typeof value === 'object' && value !== null && 'url' in value ? value.url : undefined;
  return typeof url === 'string' ? url : undefined;
}
