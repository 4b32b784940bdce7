/** The import law of docs/architecture.md as data: each law names the culprits it finds. */
import { type SourceFile, withoutComments } from './source-tree.ts';

export interface Law {
  readonly name: string;
  /** Sentences that name file and fault; none when the law is kept. */
  culprits(files: readonly SourceFile[]): readonly string[];
}

type Test = (value: string) => boolean;

const under =
  (...folders: readonly string[]): Test =>
  (path) =>
    folders.some((folder) => path === folder || path.startsWith(`${folder}/`));

/** Files for which `who` holds import nothing but what `may` allows. */
function mayImportOnly(name: string, who: Test, may: Test): Law {
  return {
    name,
    culprits: (files) =>
      files
        .filter((file) => who(file.path))
        .flatMap((file) =>
          file.imports.filter((target) => !may(target)).map((target) => `${file.path} imports ${target}`),
        ),
  };
}

function mustNotImport(name: string, who: Test, forbidden: Test): Law {
  return mayImportOnly(name, who, (target) => !forbidden(target));
}

/** Node's own modules that compute and touch nothing. */
const PURE_NODE_MODULES = ['node:crypto', 'node:buffer', 'node:assert/strict'];

const nothingOfTheWorld: Test = (target) => !target.startsWith('node:') || PURE_NODE_MODULES.includes(target);

/** Packages that reach hardware, disk or network, and the top-level folders that may each have one importing file. */
const ONE_IMPORTER = [
  '@abandonware/noble',
  'serialport',
  'level',
  'mqtt',
  'johnny-five',
  'node-cron',
  'pino',
  'aedes',
  '@lydell/node-pty',
  '@abandonware/bleno',
];

const oneImporterEach: Law = {
  name: 'each native or network package has one importing file in the agent, and one at most at the other end of the wire',
  culprits: (files) =>
    ONE_IMPORTER.flatMap((name) =>
      ['agent', 'drivers', 'simulators'].flatMap((folder) => {
        const importers = files
          .filter((file) => under(folder)(file.path))
          .filter((file) => file.imports.some((target) => target === name || target.startsWith(`${name}/`)))
          .map((file) => file.path);
        return importers.length > 1 ? [`${name} is imported by ${importers.join(' and ')}`] : [];
      }),
    ),
};

/** Ways to read a clock, to wait, or to draw a random number. */
const CLOCKS_AND_CHANCE =
  /\b(Date\.now|new Date\(\s*\)|performance\.now|process\.hrtime|Math\.random|setTimeout|setInterval|setImmediate|randomBytes|randomUUID|randomInt)\b|from 'node:timers/;

const onlyTheWorldHasClocks: Law = {
  name: 'only agent/world.ts reads a clock, waits or draws a random number',
  culprits: (files) =>
    files
      .filter((file) => file.path !== 'agent/world.ts')
      .flatMap((file) => {
        const found = CLOCKS_AND_CHANCE.exec(withoutComments(file.text));
        return found ? [`${file.path} uses ${found[0]}`] : [];
      }),
};

const LINES_MAX = 300;

const sittings: Law = {
  name: `a file is a sitting: at most ${LINES_MAX} lines`,
  culprits: (files) =>
    files
      .map((file) => ({ path: file.path, lines: file.text.split('\n').length }))
      .filter(({ lines }) => lines > LINES_MAX)
      .map(({ path, lines }) => `${path} has ${lines} lines`),
};

const openingSentence: Law = {
  name: 'each file opens with one sentence saying what it is for',
  culprits: (files) =>
    files
      .filter((file) => !/^(#![^\n]*\n)?\/\*\*? ?\S?/.test(file.text))
      .map((file) => `${file.path} does not open with a comment`),
};

const NAMELESS = /(^|[/-])(utils?|helpers?|common|manager|base|misc)(\.|-|\/|$)/;

const names: Law = {
  name: 'no utils, helpers, common, manager or base',
  culprits: (files) =>
    files.filter((file) => NAMELESS.test(file.path)).map((file) => `${file.path} says nothing by its name`),
};

export const laws: readonly Law[] = [
  mayImportOnly(
    'drivers import only the driver contract, reading and vocabulary',
    (path) => under('drivers')(path) && path !== 'drivers/contract/driver.ts',
    under('drivers', 'agent/reading', 'agent/vocabulary'),
  ),
  mayImportOnly(
    'the driver contract imports only reading and vocabulary',
    (path) => path === 'drivers/contract/driver.ts',
    under('agent/reading', 'agent/vocabulary'),
  ),
  mustNotImport(
    'a driver does not import another driver',
    (path) => /^drivers\/[a-z0-9-]+\.ts$/.test(path) && !/\/(registry|table)\.ts$/.test(path),
    (target) => /^drivers\/[a-z0-9-]+\.ts$/.test(target),
  ),
  mayImportOnly(
    'rules, framing, payload, device-time, reading and vocabulary touch nothing of the world',
    under('agent/rules', 'agent/framing', 'agent/payload', 'agent/device-time', 'agent/reading', 'agent/vocabulary'),
    nothingOfTheWorld,
  ),
  mayImportOnly(
    'simulators import no driver, and of the agent only reading, vocabulary and world',
    under('simulators'),
    (target) =>
      !under('agent', 'drivers')(target) ||
      under('drivers/contract', 'agent/reading', 'agent/vocabulary', 'agent/world.ts')(target),
  ),
  mayImportOnly(
    'the reference receiver stands alone: it imports itself, files and paths',
    under('simulators/receiver'),
    under('simulators/receiver', 'node:fs', 'node:path'),
  ),
  mustNotImport(
    'only the commands demo and simulate reach for simulators',
    (path) => under('agent', 'drivers')(path) && !/^agent\/command\/(demo|simulate)\.ts$/.test(path),
    under('simulators'),
  ),
  mustNotImport('nothing imports tests', () => true, under('test')),
  mustNotImport(
    'only agent.ts, lives.ts, main.ts and the commands string the rooms together',
    (path) =>
      under('agent')(path) && !under('agent/command', 'agent/agent.ts', 'agent/lives.ts', 'agent/main.ts')(path),
    under('agent/command', 'agent/agent.ts', 'agent/lives.ts', 'agent/main.ts', 'agent/machine.ts'),
  ),
  oneImporterEach,
  onlyTheWorldHasClocks,
  sittings,
  openingSentence,
  names,
];
