import { styleText } from 'node:util';

/** Emphasis for a terminal. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  accent(text: string): string;
  warning(text: string): string;
}

/** Colours where somebody is there to see them and has not said no (https://no-color.org), else plain text. */
export function createStyle(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Style {
  const isColoured = stream.isTTY === true && !env['NO_COLOR'];
  const style = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    isColoured ? styleText(format, text) : text;
  return { bold: style('bold'), dim: style('dim'), accent: style('cyan'), warning: style('yellow') };
}
