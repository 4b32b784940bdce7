import { describe, expect, it } from 'vitest';
import { laws } from './laws.ts';
import { sourceFile, sourceFiles } from './source-tree.ts';

const tree = sourceFiles('agent', 'drivers', 'simulators');

describe('the tree keeps the law', () => {
  it('has been read', () => expect(tree.length).toBeGreaterThan(25));
  it.each(laws.map((law) => [law.name, law] as const))('%s', (_name, law) => {
    expect(law.culprits(tree)).toEqual([]);
  });
});

/** A law that cannot be broken is no law: each row plants a culprit and must be named. */
const planted: readonly (readonly [culprit: string, path: string, text: string])[] = [
  ['a driver that reads a clock', 'drivers/x.ts', '/** x */\nconst t = Date.now();'],
  ['a driver that imports the clock', 'drivers/x.ts', "/** x */\nimport { realWorld } from '../agent/world.ts';"],
  ['a driver that imports node', 'drivers/x.ts', "/** x */\nimport { readFileSync } from 'node:fs';"],
  ['a driver that imports a driver', 'drivers/x.ts', "/** x */\nimport { y } from './y.ts';"],
  ['a driver that imports lazily', 'drivers/x.ts', "/** x */\nconst w = await import('../agent/world.ts');"],
  ['a rule that reads a file', 'agent/rules/x.ts', "/** x */\nimport 'node:fs';"],
  [
    'a simulator that reads a driver',
    'simulators/devices/x.ts',
    "/** x */\nimport { d } from '../../drivers/alaris-gh-serial.ts';",
  ],
  [
    'a simulator that reads the journal',
    'simulators/x.ts',
    "/** x */\nimport type { Journal } from '../agent/journal/contract.ts';",
  ],
  [
    'a receiver that leans on the agent',
    'simulators/receiver/x.ts',
    "/** x */\nimport type { Entry } from '../../agent/reading/entry.ts';",
  ],
  [
    'a receiver that leans on another simulator',
    'simulators/receiver/x.ts',
    "/** x */\nimport { openMqtt } from '../hospital/mqtt.ts';",
  ],
  ['a receiver that brings a package', 'simulators/receiver/x.ts', "/** x */\nimport { connect } from 'mqtt';"],
  [
    'an agent that needs simulators',
    'agent/uplink/x.ts',
    "/** x */\nimport { r } from '../../simulators/radio/radio.ts';",
  ],
  ['chance outside the world', 'agent/uplink/x.ts', '/** x */\nconst r = Math.random();'],
  ['waiting outside the world', 'simulators/x.ts', '/** x */\nsetTimeout(() => {}, 1);'],
  ['a file without a first sentence', 'agent/x.ts', 'export const x = 1;'],
  ['a file longer than a sitting', 'agent/x.ts', `/** x */\n${'\n'.repeat(300)}`],
  ['a name that says nothing', 'agent/session/utils.ts', '/** x */'],
  ['production code that imports a test', 'agent/x.ts', "/** x */\nimport { v } from '../test/virtual-world.ts';"],
];

describe('the law names the culprit', () => {
  it.each(planted)('%s', (_what, path, text) => {
    const complaints = laws.flatMap((law) => law.culprits([sourceFile(path, text)]));
    expect(complaints.length).toBeGreaterThan(0);
    expect(complaints[0]).toContain(path);
  });

  it('two importers of one native package', () => {
    const both = ['agent/a.ts', 'agent/b.ts'].map((path) =>
      sourceFile(path, "/** x */\nimport { connect } from 'mqtt';"),
    );
    expect(laws.flatMap((law) => law.culprits(both))).toEqual(['mqtt is imported by agent/a.ts and agent/b.ts']);
  });

  it('a comment that speaks of clocks is no culprit', () => {
    const file = sourceFile('drivers/x.ts', '/** Date.now() is not called here. */\n// nor setTimeout');
    expect(laws.flatMap((law) => law.culprits([file]))).toEqual([]);
  });
});
