/** Returns the examples of a command as a text for its help. */
export function examples(...lines: readonly (readonly [command: string, meaning: string])[]): string {
  return `\nExamples:\n${lines.map(([command, meaning]) => `  $ ${command}\n      ${meaning}\n`).join('')}`;
}
