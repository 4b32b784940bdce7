/** The arithmetic of LE legacy pairing, in the octet order of the air: least significant first (Core 5.4 Vol 3 Part H 2.2). */
import { createCipheriv } from 'node:crypto';
import type { RadioWorld } from './controller-state.ts';

/** Security function e: AES-128 of one block, Vol 3 Part H 2.2.1. */
export function encryptBlock(key: Uint8Array, block: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-128-ecb', Buffer.from(key).reverse(), null);
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(Buffer.from(block).reverse()), cipher.final()]).reverse();
}

export interface PairingValues {
  readonly request: Uint8Array;
  readonly response: Uint8Array;
  /** Address type octet, then the address. */
  readonly initiator: Uint8Array;
  readonly responder: Uint8Array;
}

/** Confirm value generation function c1, Vol 3 Part H 2.2.3. */
export function confirmValue(key: Uint8Array, random: Uint8Array, values: PairingValues): Buffer {
  const { initiator, responder } = values;
  const types = [initiator[0] ?? 0, responder[0] ?? 0];
  const first = Buffer.from([...types, ...values.request, ...values.response]);
  const second = Buffer.from([...responder.subarray(1), ...initiator.subarray(1), 0, 0, 0, 0]);
  return encryptBlock(key, exclusiveOr(encryptBlock(key, exclusiveOr(random, first)), second));
}

/** Key generation function s1, Vol 3 Part H 2.2.4. */
export function shortTermKey(key: Uint8Array, responder: Uint8Array, initiator: Uint8Array): Buffer {
  return encryptBlock(key, Buffer.from([...initiator.subarray(0, 8), ...responder.subarray(0, 8)]));
}

export function randomOctets(world: RadioWorld, count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, () => Math.floor(world.random() * 256)));
}

function exclusiveOr(a: Uint8Array, b: Uint8Array): Buffer {
  return Buffer.from(a.map((octet, at) => octet ^ (b[at] ?? 0)));
}
