/** Our PUBLISH packets, read back by a parser that nobody here wrote. */
import fc from 'fast-check';
import { parser } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { encodePublish, type Publish } from '../../agent/uplink/publish-packet.ts';

function read(bytes: Buffer, protocolVersion: 4 | 5): unknown[] {
  const read = parser({ protocolVersion });
  const packets: unknown[] = [];
  read.on('packet', (packet) => packets.push(packet));
  read.on('error', (error: Error) => packets.push(error));
  read.parse(bytes);
  return packets;
}

const text = fc.string({ unit: fc.constantFrom('a', 'Z', '0', '/', 'æ', '✓', '𝛼'), minLength: 1, maxLength: 40 });
/** Around every size at which a length takes another byte. */
const size = fc.oneof(fc.nat(300), fc.constantFrom(127, 128, 16_383, 16_384, 70_000));

const packet = fc.record({
  topic: text,
  size,
  qos: fc.constantFrom<0 | 1>(0, 1),
  retain: fc.boolean(),
  packetId: fc.integer({ min: 1, max: 65_535 }),
  properties: fc.array(fc.tuple(text, text), { maxLength: 5 }),
  correlationData: fc.option(fc.uint8Array({ minLength: 1, maxLength: 30 }), { nil: undefined }),
});

describe('a publish', () => {
  it('says in MQTT 5 what it was given, whatever its lengths', () => {
    fc.assert(
      fc.property(packet, ({ size, properties, correlationData, ...head }) => {
        const payload = Buffer.alloc(size, 'x');
        const publish: Publish = {
          ...head,
          payload,
          properties: {
            contentType: 'application/json',
            userProperties: properties.flat(),
            ...(correlationData && { correlationData }),
          },
        };
        const [told, another] = read(encodePublish(publish), 5);
        expect(another).toBeUndefined();
        expect(told).toMatchObject({
          cmd: 'publish',
          topic: head.topic,
          qos: head.qos,
          retain: head.retain,
          dup: false,
        });
        const packet = told as { payload: Buffer; messageId?: number; properties: Record<string, unknown> };
        expect(packet.payload.equals(payload)).toBe(true);
        expect(packet.messageId).toBe(head.qos === 0 ? undefined : head.packetId);
        expect(packet.properties).toMatchObject({ contentType: 'application/json', payloadFormatIndicator: true });
        const users: Record<string, string[]> = {};
        for (const [name, value] of properties) users[name] = [...(users[name] ?? []), value];
        for (const [name, values] of Object.entries(users)) {
          const found = (packet.properties['userProperties'] as Record<string, string | string[]>)[name];
          expect([found].flat()).toEqual(values);
        }
        if (correlationData) expect(packet.properties['correlationData']).toEqual(Buffer.from(correlationData));
      }),
      { numRuns: 300 },
    );
  });

  it('says the same in MQTT 3.1.1, without properties', () => {
    fc.assert(
      fc.property(packet, ({ size, properties: _, correlationData: __, ...head }) => {
        const payload = Buffer.alloc(size, 'x');
        const [told] = read(encodePublish({ ...head, payload }), 4);
        expect(told).toMatchObject({ cmd: 'publish', topic: head.topic, qos: head.qos, retain: head.retain });
        expect((told as { payload: Buffer }).payload.equals(payload)).toBe(true);
      }),
    );
  });

  it('is a packet of its own among others', () => {
    const one = { topic: 'a', payload: Buffer.from('1'), qos: 1, retain: false, packetId: 1 } as const;
    const both = Buffer.concat([
      encodePublish(one),
      encodePublish({ ...one, packetId: 2, payload: Buffer.from('22') }),
    ]);
    expect(read(both, 4)).toMatchObject([{ messageId: 1 }, { messageId: 2 }]);
  });
});
