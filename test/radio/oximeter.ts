/** A simulated peripheral with one characteristic of every kind, for the tests of the radio. */
import type { PeripheralOptions } from '../../simulators/radio/gatt.ts';

export const custom = '0000fee100001000800000805f9b34fb';
export const largeValue = '0000fee200001000800000805f9b34fb';
/** What has been written to the large value. */
export const written: Uint8Array[] = [];

export const oximeter: PeripheralOptions = {
  address: '00:00:5e:00:53:a1',
  name: 'Oximeter',
  advertises: ['1822', custom],
  services: [
    {
      uuid: '1822',
      characteristics: [
        { uuid: '2a5f', properties: ['notify'] },
        { uuid: '2a5e', properties: ['indicate'] },
        { uuid: '2a60', properties: ['read'], read: () => Uint8Array.of(1, 2, 3, 4) },
      ],
    },
    {
      uuid: custom,
      characteristics: [
        {
          uuid: largeValue,
          properties: ['write', 'write-without-response', 'read'],
          read: () => Uint8Array.from({ length: 400 }, (_, at) => at & 0xff),
          write: (value) => {
            written.push(value);
            return undefined;
          },
        },
      ],
    },
  ],
};
