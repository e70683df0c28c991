import type { ContenderName } from './contender';
import type { BenchReport, RunResult, WorkloadResult } from './result';
import { contendersOf, shownNames } from './tables';

/**
 * Colors of the contenders: the palette of Okabe and Ito, whose colors people with a color vision deficiency can
 * distinguish.
 */
const colors: Readonly<Record<ContenderName, string>> = {
  raw: '#555555',
  package: '#d55e00',
  old: '#56b4e9',
  control: '#999999',
  prisma: '#0072b2',
  drizzle: '#009e73',
  kysely: '#cc79a7',
  typeorm: '#e69f00',
};

const leftMargin = 64;
const panelWidth = 400;
const panelGap = 72;
const rowHeight = 22;
const topMargin = 84;
const ticks = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2];
const [minRatio, maxRatio] = [0.01, 2];

/**
 * Draws the ratios of a benchmark as an SVG image: a panel for each run, a row for each workload, a dot for each
 * contender.
 */
export function drawChart({ results, date }: BenchReport): string {
  const rows = Math.max(...results.map(({ workloads }) => workloads.length));
  const width = leftMargin + results.length * (panelWidth + panelGap);
  const height = topMargin + rows * rowHeight + 48;
  const panels = results.map((run, index) => drawPanel(run, leftMargin + index * (panelWidth + panelGap)));
  const [first] = results;
  const names = first === undefined ? [] : contendersOf(first).filter((name) => name !== first.baseline);
  const baseline = first?.baseline === 'old' ? 'the old build' : 'hand-written SQL';
  const caption = `Operations per second as a share of ${baseline} (= 1), logarithmic; further right is faster. ${date.slice(0, 10)}`;
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>Throughput of ans-database and other libraries</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...drawLegend(names),
    ...panels.flat(),
    drawText(leftMargin, height - 10, caption, { color: '#444444' }),
    '</svg>',
  ];
  return `${lines.join('\n')}\n`;
}

function drawLegend(names: readonly ContenderName[]): string[] {
  return names.flatMap((name, index) => {
    const x = leftMargin + index * 120;
    return [drawDot(x, 22, name), drawText(x + 12, 26, shownNames[name], {})];
  });
}

function drawPanel({ version, agentCount, baseline, workloads }: RunResult, left: number): string[] {
  const bottom = topMargin + workloads.length * rowHeight;
  const grid = ticks.flatMap((tick) => {
    const x = left + xOf(tick);
    const stroke = tick === 1 ? '#000000' : '#dddddd';
    return [
      `<line x1="${x}" x2="${x}" y1="${topMargin}" y2="${bottom}" stroke="${stroke}"/>`,
      drawText(x, bottom + 16, String(tick), { anchor: 'middle', color: '#444444' }),
    ];
  });
  const title = `${version}, ${agentCount.toLocaleString('en-US')} agents`;
  return [
    drawText(left, topMargin - 16, title, { weight: 'bold' }),
    ...grid,
    ...workloads.flatMap((workload, row) => drawRow(workload, baseline, left, topMargin + (row + 0.5) * rowHeight)),
  ];
}

function drawRow({ id, contenders }: WorkloadResult, baseline: ContenderName, left: number, y: number): string[] {
  const dots = Object.entries(contenders).flatMap(([key, { ratio }]) => {
    // The cast is safe: the keys are names of contenders.
    const name = key as ContenderName;
    return name === baseline || ratio === null ? [] : [drawDot(left + xOf(ratio), y, name)];
  });
  const rule = `<line x1="${left}" x2="${left + panelWidth}" y1="${y}" y2="${y}" stroke="#eeeeee"/>`;
  // Draws the dot of this package last, so that it covers the dots of other contenders.
  return [drawText(left - 10, y + 4, id, { anchor: 'end' }), rule, ...dots.reverse()];
}

function drawDot(x: number, y: number, name: ContenderName): string {
  return `<circle cx="${round(x)}" cy="${round(y)}" r="${name === 'package' ? 6 : 4.5}" fill="${colors[name]}"/>`;
}

interface TextStyle {
  readonly anchor?: 'middle' | 'end';
  readonly weight?: 'bold';
  readonly color?: string;
}

function drawText(x: number, y: number, text: string, { anchor, weight, color = '#000000' }: TextStyle): string {
  const attributes = [
    ...(anchor === undefined ? [] : [` text-anchor="${anchor}"`]),
    ...(weight === undefined ? [] : [` font-weight="${weight}"`]),
  ];
  return `<text x="${round(x)}" y="${round(y)}" fill="${color}"${attributes.join('')}>${text}</text>`;
}

/** Returns the position of a ratio on the axis. A ratio beyond an end of the axis is drawn at that end. */
function xOf(ratio: number): number {
  const clamped = Math.min(maxRatio, Math.max(minRatio, ratio));
  return round((Math.log(clamped / minRatio) / Math.log(maxRatio / minRatio)) * panelWidth);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
