/** The table of supported devices, made from the drivers themselves so that it cannot say more than they do. */
import { METRICS, type MetricName } from '../agent/vocabulary/metrics.ts';
import type { Capability, Claim, Driver, LinkSpec } from './contract/driver.ts';

/** Markdown for docs/supported-devices.md. */
export function supportedDevices(drivers: readonly Driver[]): string {
  const sections = drivers.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(section);
  return [
    '# Supported devices',
    '',
    'Written by `test/drivers/laws.test.ts` from the drivers; after a change:',
    '`UPDATE_TABLE=1 npx vitest run test/drivers/laws.test.ts`.',
    '',
    row(['driver', 'device', 'reached over', 'verified by']),
    row(['---', '---', '---', '---']),
    ...drivers
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map((driver) => row([`[\`${driver.id}\`](#${driver.id})`, driver.title, driver.link.kind, driver.verified])),
    '',
    ...sections,
  ].join('\n');
}

function section(driver: Driver): string {
  return [
    `## ${driver.id}`,
    '',
    `${driver.title}.`,
    '',
    `- Reached: ${reached(driver.link)}`,
    `- Recognised: ${driver.recognise.length > 0 ? driver.recognise.map(recognised).join('; ') : 'a technician names the driver'}`,
    `- Verified by: ${driver.verified}`,
    ...driver.sources.map((source) => `- Source: ${source}`),
    '',
    row(['metric', 'MDC', 'unit', 'when', 'from its memory']),
    row(['---', '---', '---', '---', '---']),
    ...Object.entries(driver.observes).map(([name, capability]) => metricRow(name as MetricName, capability)),
    '',
  ].join('\n');
}

function metricRow(name: MetricName, { cadence, stored }: Capability): string {
  const metric: { readonly label: string; readonly mdc: number; readonly unit?: string } = METRICS[name];
  return row([`${metric.label} (\`${name}\`)`, String(metric.mdc), metric.unit ?? '', cadence, stored ? 'yes' : '']);
}

function reached(link: LinkSpec): string {
  switch (link.kind) {
    case 'ble':
      return `Bluetooth LE, service ${link.service}`;
    case 'serial':
      return `serial line, ${link.baudRate} baud, ${link.dataBits}${link.parity[0]?.toUpperCase()}${link.stopBits}`;
    case 'card':
      return `memory card, files ${link.files.map((pattern) => `\`${pattern}\``).join(', ')}`;
  }
}

function recognised(claim: Claim): string {
  if (claim.link === 'card') return `by ${claim.rank}, file \`${claim.file}\``;
  const named = claim.namePrefix === undefined ? '' : ` and a name beginning with "${claim.namePrefix}"`;
  return `by ${claim.rank}, service ${claim.service}${named}`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
