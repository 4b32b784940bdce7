/** Invariants 4 and 5: what a device was promised is on the disk, and nothing leaves the disk unreceipted and unexplained. */
import { contains, missing } from '../../../agent/journal/ranges.ts';
import type { Home } from '../home.ts';
import { first, type Invariant } from './invariant.ts';

const promisesAreOnDisk: Invariant = {
  design: 4,
  name: 'what a device is told is kept is on the disk',
  check: ({ fresh }) =>
    first(
      fresh.promised,
      ({ key, durable, promises }) =>
        durable < promises && `"${key}" was promised ${promises} times and is on the disk ${durable} times`,
    ),
};

const nothingRemovedUnreceipted: Invariant = {
  design: 5,
  name: 'an entry is removed only with the receipt of the hospital or an entry that explains it',
  check: ({ fresh }) =>
    first(
      fresh.removed,
      ({ seq, isReceipted, isExplained }) =>
        !isReceipted && !isExplained && `entry ${seq} was removed, neither receipted nor explained`,
    ),
};

const numbersAreContiguous: Invariant = {
  design: 5,
  name: 'numbers follow each other; where some are left out, an entry says so',
  check: ({ home, fresh }) =>
    first(fresh.landings, ({ entries, headBefore }) => {
      let head = headBefore;
      for (const { seq } of entries) {
        if (seq > head + 1 && missing(home.evidence.explained(), head + 1, seq - 1).length > 0)
          return `number ${seq} follows ${head}`;
        head = Math.max(head, seq);
      }
      return undefined;
    }),
};

const oneNumberOneEntry: Invariant = {
  design: 5,
  name: 'a number names one entry for ever, on the disk and at the hospital, byte for byte',
  check: ({ home: { evidence, hospital }, fresh, freshHeld }) =>
    fresh.contradictions[0] ??
    hospital.contradictions[0] ??
    first(
      freshHeld,
      ({ entry: { seq }, text }) =>
        evidence.durable.get(seq)?.text !== text && `the hospital holds another entry ${seq}`,
    ),
};

const writtenBeforeSent: Invariant = {
  design: 5,
  name: 'nothing leaves the hub that was not written first',
  check: ({ fresh }) =>
    first(
      fresh.sent,
      ({ seq, isAsWritten }) => !isAsWritten && `entry ${seq} was sent and is not on the disk as it was sent`,
    ),
};

const everyNumberAccountedFor: Invariant = {
  design: 5,
  name: 'in the end every number is at the hospital or explained',
  atEnd: (home) =>
    first(home.evidence.durable, ([seq, { entry, isDestroyed }]) => {
      if (isAccounted(home, seq)) return undefined;
      return `entry ${seq} (${entry.kind}) is not at the hospital${isDestroyed ? ': the disk lost it' : ''}`;
    }),
};

const everyPromiseKept: Invariant = {
  design: 4,
  name: 'in the end what a device was promised is at the hospital, once, or its loss is explained',
  atEnd: (home) =>
    first(home.evidence.promises, ([key, promises]) => {
      const seqs = home.evidence.entriesOf.get(key) ?? [];
      const accounted = seqs.filter((seq) => isAccounted(home, seq)).length;
      return accounted < promises && `"${key}" was promised ${promises} times and arrived ${accounted} times`;
    }),
};

function isAccounted({ evidence, hospital }: Home, seq: number): boolean {
  return hospital.held.has(seq) || hospital.renumbered.has(seq) || contains(evidence.explained(), seq);
}

export const kept: readonly Invariant[] = [
  promisesAreOnDisk,
  nothingRemovedUnreceipted,
  numbersAreContiguous,
  oneNumberOneEntry,
  writtenBeforeSent,
  everyNumberAccountedFor,
  everyPromiseKept,
];
