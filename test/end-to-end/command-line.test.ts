/** The command line as people use it: what it explains, what it refuses and how, and what it says of bytes. */
import { afterAll, describe, expect, test } from 'vitest';
import { randomFrom } from '../../agent/world.ts';
import { crc16CcittFalse } from '../../drivers/contract/crc.ts';
import { writeCard } from '../../simulators/devices/resmed/card.ts';
import { closeHomes, openFolder, openHome, putCard } from './home.ts';
import { endAll, hjemmebro, jsonLines } from './program.ts';

const COMMANDS = ['run', 'demo', 'decode', 'drivers', 'simulate', 'journal', 'import'] as const;
const DRIVERS = ['bluetooth-sig-pulse-oximeter', 'bluetooth-sig-weight-scale', 'alaris-gh-serial', 'resmed-card'];
const OXIMETER = ['decode', '--driver', 'bluetooth-sig-pulse-oximeter'] as const;
const PUMP = ['decode', '--driver', 'alaris-gh-serial'] as const;

afterAll(async () => {
  await endAll();
  closeHomes();
});

describe('help', () => {
  test.concurrent('lists every command', async () => {
    for (const words of [['help'], ['-h']]) {
      const { code, out } = await hjemmebro(...words);
      expect(code).toBe(0);
      for (const command of COMMANDS) expect(out).toMatch(new RegExp(`^  ${command} +\\w`, 'm'));
    }
  });

  test.concurrent.each(COMMANDS)('%s --help', async (command) => {
    const { code, out, err } = await hjemmebro(command, '--help');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(new RegExp(`^usage: hjemmebro ${command}`));
    expect(out.split('\n').length).toBeGreaterThan(3);
  });

  test.concurrent('--version is that of the package', async () => {
    expect(await hjemmebro('--version')).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});

/** Words that are used wrongly, and what the sentence about them must hold. */
const WRONG: readonly (readonly [words: readonly string[], helps: RegExp])[] = [
  [['jurnal'], /did you mean "journal"\?/],
  [['bogus'], /no command "bogus".*hjemmebro help/],
  [['decode', '--drivr', 'x'], /--drivr/],
  [['run', '--config'], /--config/],
  [[...OXIMETER.slice(0, 2), 'bluetooth-sig-pulse-oximetr', '00'], /did you mean "bluetooth-sig-pulse-oximeter"/],
  [['decode', '00'], /--driver is missing.*alaris-gh-serial/],
  [[...OXIMETER, '00E8F384F3'], /--channel is missing.*2a5e.*2a5f/],
  [[...OXIMETER, '--channel', '2a5f', '00E8F'], /"00E8F" is not a whole number of bytes in hex/],
  [[...OXIMETER, '--channel', '2a5f', '00', 'xy'], /"00 xy" is not a whole number of bytes in hex/],
  [[...OXIMETER, '--channel', '2a5f'], /give the bytes/],
  [[...PUMP, '--text', 'a', '00'], /give the bytes once/],
  [['demo', '--scenario', 'bogus'], /no scenario "bogus".*copd-night.*heart-failure-week.*pump-occlusion.*quiet-day/],
  [['demo', '--seconds', '3'], /--seconds.*22.*"3"/],
  [['demo', '--seed', '-1'], /--seed/],
  [['simulate'], /alaris-gh-serial/],
  [['simulate', 'alaris'], /alaris-gh-serial/],
  [['simulate', 'alaris-gh-serial', '--scenario', 'bogus'], /no scenario "bogus".*steady.*occlusion/],
  [['run', '--shift-clock-ms', 'abc', '--config', '/nowhere'], /--shift-clock-ms takes a number/],
  [['drivers', 'pump'], /pump/],
  [['run', '/etc/hjemmebro'], /\/etc\/hjemmebro/],
  [['import'], /folder/],
  [['import', 'a', 'b'], /one word too many/],
];

describe('used wrongly: exit 2 and a sentence that helps', () => {
  test.concurrent.each(WRONG)('%j', async (words, helps) => {
    const { code, out, err } = await hjemmebro(...words);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(helps);
    expect(err).toMatch(/^hjemmebro/);
    expect(err).not.toMatch(/^ +at /m);
  });

  test.concurrent('journal --from', async () => {
    const { config } = openHome({ devices: [] });
    const { code, err } = await hjemmebro('journal', ...config, '--from', '0');
    expect(code).toBe(2);
    expect(err).toMatch(/--from takes a whole number from 1 .*"0"/);
  });
});

const SPO2 = { metric: 'MDC_PULS_OXIM_SAT_O2', mdc: 150456, unit: '%' };
const PULSE = { metric: 'MDC_PULS_OXIM_PULS_RATE', mdc: 149530, unit: '/min' };
const FLOW = { metric: 'MDC_FLOW_FLUID_PUMP', mdc: 157784, value: '0.10', unit: 'mL/h' };
const ALARM = { metric: 'MDCX_PUMP_ALARM', mdc: 67170319, code: 'AL_NOALM' };
/** Lines of mdpnp's and infupy's sources, with the carriage return of the wire. */
const FLOW_LINE = '!INF_RATE^0.10^ml/h|D407\r';
const ALARM_LINE = '!ALARM^AL_NOALM^ ^ |C73B\r';

function hex(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}

/** Words after `decode --driver`, and the lines that come of them. */
const DECODED: readonly (readonly [words: readonly string[], lines: readonly object[]])[] = [
  ...[
    ['--channel', '2a5f', '00', 'E8F3', '84F3'],
    ['--channel', '2a5f', '00E8F384F3'],
    ['--channel', '2A5F', '00 e8f3 84f3'],
    ['--channel', '0x2A5F', '0x00', '0xE8F3', '0X84F3'],
    ['--json', '--channel=2a5f', '00', 'E8', 'F3', '84', 'F3'],
  ].map(
    (words) =>
      [
        ['bluetooth-sig-pulse-oximeter', ...words],
        [
          {
            outcome: 'measured',
            measurements: [
              { ...SPO2, value: '100.0' },
              { ...PULSE, value: '90.0' },
            ],
          },
        ],
      ] as const,
  ),
  [
    ['bluetooth-sig-pulse-oximeter', '--channel', '2a5f', '00', 'FF07', '84F3'],
    [
      {
        outcome: 'measured',
        measurements: [
          { ...SPO2, absent: 'not-a-number' },
          { ...PULSE, value: '90.0' },
        ],
      },
    ],
  ],
  [
    ['bluetooth-sig-pulse-oximeter', '--channel', '2a5f', '00', 'E8'],
    [{ outcome: 'malformed', how: expect.stringMatching(/truncated.*SpO2/) }],
  ],
  [
    ['bluetooth-sig-pulse-oximeter', '--channel', '2a99', '00'],
    [{ outcome: 'ignored', why: expect.stringContaining('2a99') }],
  ],
  [
    ['bluetooth-sig-weight-scale', '--channel', '2a9d', '00', 'B80B'],
    [
      {
        outcome: 'measured',
        measurements: [{ metric: 'MDC_MASS_BODY_ACTUAL', mdc: 188736, value: '15.000', unit: 'kg' }],
      },
    ],
  ],
  [
    ['bluetooth-sig-weight-scale', '--channel', '2a9d', '00FFFF'],
    [{ outcome: 'measured', measurements: [expect.objectContaining({ absent: 'unsuccessful' })] }],
  ],
  [
    ['alaris-gh-serial', hex(FLOW_LINE + ALARM_LINE)],
    [
      { outcome: 'measured', measurements: [FLOW] },
      { outcome: 'measured', measurements: [ALARM] },
    ],
  ],
  [
    ['alaris-gh-serial', hex(`??${FLOW_LINE}noise${ALARM_LINE}`)],
    [
      { outcome: 'measured', measurements: [FLOW] },
      { outcome: 'measured', measurements: [ALARM] },
      { outcome: 'malformed', how: '7 bytes belong to no frame' },
    ],
  ],
  [['alaris-gh-serial', '--text', FLOW_LINE.trimEnd()], [{ outcome: 'measured', measurements: [FLOW] }]],
  [
    ['alaris-gh-serial', '--text', FLOW_LINE.trimEnd().replace('D407', 'D408')],
    [{ outcome: 'malformed', how: expect.stringMatching(/CRC/) }],
  ],
  [['resmed-card', '--channel', 'STR.edf', '00'], [{ outcome: 'malformed', how: expect.stringMatching(/256 bytes/) }]],
];

describe('decode', () => {
  test.concurrent.each(DECODED)('--driver %j', async (words, lines) => {
    const { code, out, err } = await hjemmebro('decode', '--driver', ...words);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(jsonLines(out)).toEqual(lines);
  });

  test.concurrent('a file of a card', async () => {
    const folder = openFolder();
    putCard(folder);
    const { code, out } = await hjemmebro('decode', '--driver', 'resmed-card', '--file', `${folder}/STR.edf`);
    expect(code).toBe(0);
    const [line] = jsonLines(out);
    expect(line).toMatchObject({ outcome: 'measured' });
    const told = line?.['measurements'] as readonly { metric: string; value?: string }[];
    const card = writeCard(randomFrom(7), { nights: 1, lastNight: '2026-03-01', sessionMinutes: 20 });
    const means = card.find(({ path }) => path === 'STR.edf')?.means ?? [];
    expect(told.map(({ metric, value }) => [metric, value])).toEqual(
      means.map((m) => [m.metric, 'value' in m ? m.value : undefined]),
    );
  });

  test.concurrent('a file that is not there', async () => {
    const { code, out, err } = await hjemmebro('decode', '--driver', 'resmed-card', '--file', '/nowhere/STR.edf');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/cannot read \/nowhere\/STR\.edf/);
  });

  test.concurrent('a drug name with a CRC of its own stays as it was told', async () => {
    const body = 'INF^8002-00001^-^SET^5.00^ml/h^INSULIN 1 IU/ml^12.345^ml^17.91^mmHg^00:01:00^EVENT^1';
    const crc = crc16CcittFalse(Buffer.from(body)).toString(16).toUpperCase().padStart(4, '0');
    const { out } = await hjemmebro(...PUMP, '--text', `!${body}|${crc}`);
    expect(jsonLines(out)[0]).toMatchObject({
      measurements: expect.arrayContaining([
        { metric: 'MDC_DRUG_NAME_LABEL', mdc: 184514, text: 'INSULIN 1 IU/ml' },
        { metric: 'MDC_TIME_PD_REMAIN', mdc: 157916, value: '1.00', unit: 'min', asTold: { value: '60', unit: 's' } },
      ]),
    });
  });
});

describe('drivers', () => {
  test.concurrent('for a person', async () => {
    const { code, out } = await hjemmebro('drivers');
    expect(code).toBe(0);
    for (const driver of DRIVERS) expect(out).toMatch(new RegExp(`^${driver}$`, 'm'));
    expect(out).toMatch(/SpO2; pulse/);
  });

  test.concurrent('--json', async () => {
    const drivers = jsonLines((await hjemmebro('drivers', '--json')).out);
    expect(drivers.map(({ id }) => id)).toEqual(DRIVERS);
    for (const driver of drivers) {
      expect(driver).toMatchObject({
        title: expect.any(String),
        kind: expect.any(String),
        link: expect.stringMatching(/^(ble|serial|card)$/),
        verified: expect.any(String),
        metrics: expect.arrayContaining([expect.stringMatching(/^MDCX?_/)]),
        sources: expect.arrayContaining([expect.any(String)]),
      });
    }
  });
});
