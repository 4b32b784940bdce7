/** The door of the reference receiver: what a hospital needs to take in hubs, and nothing else; docs/receiver.md tells how. */
export type { Absence, AbsenceTotal } from './absences.ts';
export type { ByDevice } from './account.ts';
export type { Standing } from './alerts.ts';
export * from './entry.ts';
export { type FileStore, fileStore } from './file-store.ts';
export { openReceiver, type Receiver, type ReceiverOptions, type UserProperties } from './hub-receiver.ts';
export type { Fate } from './intake.ts';
export type { Means, Timer } from './means.ts';
export { memoryStore } from './memory-store.ts';
export { openReceivers, type Receivers, type ReceiversOptions } from './receivers.ts';
export { sentences } from './sentences.ts';
export type { Listed, Statement, StatementCounts, Tally } from './statement.ts';
export type { Arrival, Memo, Placed, Row, Store } from './store.ts';
export { storeFaults } from './store-promises.ts';
export { type BestTime, bestTime, type Correction, correctionIn } from './time.ts';
export { downOf, type Heard, readTopic, upOf } from './topic.ts';
