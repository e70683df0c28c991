import { styleText } from 'node:util';

/** Text styles of a terminal. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  accent(text: string): string;
  warning(text: string): string;
}

/** Creates text styles: colors for a terminal, unless NO_COLOR is set (https://no-color.org); plain text otherwise. */
export function createStyle(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Style {
  const isColoured = stream.isTTY === true && !env['NO_COLOR'];
  const style = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    isColoured ? styleText(format, text) : text;
  return { bold: style('bold'), dim: style('dim'), accent: style('cyan'), warning: style('yellow') };
}
