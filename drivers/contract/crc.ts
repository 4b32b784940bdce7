/** CRC-16/CCITT-FALSE, which Alaris pumps and ResMed cards use: polynomial 0x1021, start 0xFFFF, no reflection, no final XOR. */

/** 0..0xFFFF; of the ASCII text "123456789" it is 0x29B1. */
export function crc16CcittFalse(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let i = 0; i < 8; i++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}
