/** The H4 packetiser: any cut of the stream gives the same packets, and no octets make it grow. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createH4Reader } from '../../simulators/radio/h4.ts';
import { aclPacket, commandPacket } from '../../simulators/radio/hci.ts';

const accepts = [0x01, 0x02];
const aclLength = 251;

function read(chunks: readonly Uint8Array[]): { readonly packets: Buffer[]; readonly fault: string | undefined } {
  const packets: Buffer[] = [];
  const reader = createH4Reader({ accepts, aclLength, packet: (packet) => packets.push(packet) });
  const faults = chunks.map((chunk) => reader.push(chunk));
  return { packets, fault: faults.find((fault) => fault !== undefined) };
}

const command = fc
  .tuple(fc.nat(0xffff), fc.uint8Array({ maxLength: 255 }))
  .map(([code, data]) => commandPacket(code, data));
const acl = fc.uint8Array({ maxLength: aclLength }).map((data) => aclPacket(0x40, 0, data));

test('packets survive any cut of the stream', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(command, acl), { maxLength: 8 }),
      fc.integer({ min: 1, max: 40 }),
      (packets, step) => {
        const stream = Buffer.concat(packets);
        const chunks = Array.from({ length: Math.ceil(stream.length / step) }, (_, at) =>
          stream.subarray(at * step, (at + 1) * step),
        );
        expect(read(chunks)).toEqual({ packets, fault: undefined });
      },
    ),
  );
});

test('a prefix of a packet is no packet', () => {
  const whole = aclPacket(0x40, 0, Buffer.alloc(30));
  for (let length = 0; length < whole.length; length += 1) {
    expect(read([whole.subarray(0, length)])).toEqual({ packets: [], fault: undefined });
  }
});

test('what begins no packet, and data larger than a buffer, are named', () => {
  expect(read([Buffer.from([0x04, 0x0e, 0x00])]).fault).toBe('no packet begins with 0x04');
  expect(read([Buffer.from([0x02, 0x40, 0x00, 0xff, 0xff])]).fault).toBe(
    'an ACL packet of 65535 octets, where a buffer holds 251',
  );
});

test('after a fault nothing more is read', () => {
  const { packets } = read([Buffer.from([0x99]), commandPacket(0x0c03)]);
  expect(packets).toEqual([]);
});
