/** The pairing arithmetic against the sample data of the specification (Core 5.4 Vol 3 Part H 2.2, Vol 6 Part C 1). */
import { expect, test } from 'vitest';
import { confirmValue, encryptBlock, shortTermKey } from '../../simulators/radio/security-functions.ts';

/** The specification prints most significant octet first; the air and HCI carry the other order. */
function octets(hex: string): Buffer {
  return Buffer.from(hex, 'hex').reverse();
}

test('e: the session key of the encryption sample data', () => {
  const key = octets('4c68384139f574d836bcf34e9dfb01bf');
  const block = octets('0213243546576879acbdcedfe0f10213');
  expect(encryptBlock(key, block)).toEqual(octets('99ad1b5226a37e3e058e3b8e27c2c666'));
});

test('c1', () => {
  const values = {
    request: octets('07071000000101'),
    response: octets('05000800000302'),
    initiator: Buffer.concat([Buffer.from([1]), octets('a1a2a3a4a5a6')]),
    responder: Buffer.concat([Buffer.from([0]), octets('b1b2b3b4b5b6')]),
  };
  const confirm = confirmValue(Buffer.alloc(16), octets('5783d52156ad6f0e6388274ec6702ee0'), values);
  expect(confirm).toEqual(octets('1e1e3fef878988ead2a74dc5bef13b86'));
});

test('s1', () => {
  const responder = octets('000f0e0d0c0b0a091122334455667788');
  const initiator = octets('010203040506070899aabbccddeeff00');
  expect(shortTermKey(Buffer.alloc(16), responder, initiator)).toEqual(octets('9a1fe1f0e8b0f49b5b4216ae796da062'));
});
