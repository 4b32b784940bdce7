/** Which entry is given up when connections end again and again. */
import { describe, expect, it } from 'vitest';
import type { Line } from '../../agent/journal/contract.ts';
import { openSuspects } from '../../agent/uplink/suspects.ts';

const line = (seq: number): Line => ({ seq, id: `${seq}`, kind: 'reading', bytes: Buffer.alloc(0) });
const lines = (...seqs: readonly number[]): readonly Line[] => seqs.map(line);

describe('a connection that ends', () => {
  it('three times with the same entry under way makes the next ones cautious; alone three times, it is given up', () => {
    const suspects = openSuspects();
    for (let i = 0; i < 3; i++) {
      expect(suspects.isCautious()).toBe(false);
      expect(suspects.ended(lines(7, 8 + i, 20 + i), true)).toBeUndefined();
    }
    expect(suspects.isCautious()).toBe(true);
    expect(suspects.ended(lines(7), true)).toBeUndefined();
    expect(suspects.ended(lines(7), true)).toBeUndefined();
    expect(suspects.ended(lines(7), true)?.seq).toBe(7);
    expect(suspects.isCautious()).toBe(false);
  });

  it('with others each time accuses nobody', () => {
    const suspects = openSuspects();
    for (let i = 0; i < 50; i++) {
      expect(suspects.ended(lines(2 * i, 2 * i + 1), true)).toBeUndefined();
      expect(suspects.isCautious()).toBe(false);
    }
  });

  it('before anything was acknowledged says more of the network than of an entry', () => {
    const suspects = openSuspects();
    for (let i = 0; i < 50; i++) expect(suspects.ended(lines(7), false)).toBeUndefined();
  });

  it('clears an entry that passed after all', () => {
    const suspects = openSuspects();
    for (let i = 0; i < 3; i++) suspects.ended(lines(7, 8), true);
    suspects.passed(7);
    suspects.passed(8);
    expect(suspects.isCautious()).toBe(false);
    for (let i = 0; i < 2; i++) suspects.ended(lines(7), true);
    expect(suspects.isCautious()).toBe(false);
  });
});
