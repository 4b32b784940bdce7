/** The account at the end of a demo: per device, what was sent, journaled and receipted, and what does not agree. */

export interface DeviceAccount {
  readonly device: string;
  readonly sent: number;
  /** Readings of this device in the hub's journal. */
  readonly journaled: number;
  /** Readings of this device for which the hub holds the hospital's receipt. */
  readonly receipted: number;
  /** Keys the device gave and the hospital does not have. */
  readonly missing: readonly string[];
  /** Keys the hospital has more often than the device gave them. */
  readonly surplus: readonly string[];
}

export interface AlertLine {
  readonly rule: string;
  readonly phase: string;
  readonly priority: string;
  readonly zone: string;
  readonly text: string;
  readonly value?: string;
}

export interface Account {
  readonly scenario: string;
  readonly seed: number;
  readonly devices: readonly DeviceAccount[];
  readonly alerts: readonly AlertLine[];
  /** Newest sequence number in the journal, and up to where the hospital has no hole. */
  readonly head: number;
  readonly contiguous: number;
  readonly holes: number;
  /** Messages that came again; harmless, since they carry the same id. */
  readonly redelivered: number;
  readonly restarts: number;
  /** One hash over all readings and alerts, without the hub's clock: the same seed gives the same hash. */
  readonly fingerprint: string;
}

/** Whether every reading sent by a device was journaled and receipted, once each. */
export function balanced(account: Account): boolean {
  return (
    account.devices.length > 0 &&
    account.holes === 0 &&
    account.devices.every(
      (row) =>
        row.sent > 0 &&
        row.sent === row.journaled &&
        row.sent === row.receipted &&
        row.missing.length === 0 &&
        row.surplus.length === 0,
    )
  );
}

/** The account as lines for a person. */
export function accountLines(account: Account): readonly string[] {
  const rows = account.devices.map((row) => [
    row.device,
    String(row.sent),
    String(row.journaled),
    String(row.receipted),
    row.missing.length + row.surplus.length === 0
      ? 'every one, once'
      : `${row.missing.length} missing, ${row.surplus.length} too many`,
  ]);
  return [
    `scenario ${account.scenario}, seed ${account.seed}`,
    '',
    ...columns([['device', 'sent', 'journaled', 'receipted', 'at the hospital'], ...rows]),
    '',
    `journal 1..${account.head}; the hospital holds 1..${account.contiguous} without a hole` +
      `${account.holes > 0 ? `, and ${account.holes} holes above` : ''}; ${account.redelivered} came again and were known by their id`,
    ...(account.restarts > 0 ? [`the agent was killed and started again ${account.restarts} times`] : []),
    account.alerts.length === 0 ? 'no alerts' : 'alerts:',
    ...account.alerts.map(
      (alert) => `  ${alert.zone.padEnd(6)} ${alert.priority.padEnd(6)} ${alert.phase.padEnd(8)} ${alert.text}`,
    ),
    `fingerprint ${account.fingerprint}`,
    '',
    balanced(account)
      ? 'Every reading that a device sent was journaled and receipted.'
      : 'NOT every reading that a device sent was journaled and receipted.',
  ];
}

/** Left-aligned first and last column, right-aligned numbers between. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 || column === row.length - 1 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
