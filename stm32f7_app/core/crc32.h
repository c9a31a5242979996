// CRC-32 (ISO-HDLC: zlib, Ethernet), four bits at a time: a 64-byte table, about 8 cycles a byte.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kws {

inline uint32_t Crc32(const uint8_t* data, size_t bytes) {
  static constexpr uint32_t kTable[16] = {0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC,
                                          0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
                                          0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
                                          0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};
  uint32_t crc = 0xFFFFFFFF;
  for (size_t i = 0; i < bytes; ++i) {
    crc ^= data[i];
    crc = (crc >> 4) ^ kTable[crc & 0xF];
    crc = (crc >> 4) ^ kTable[crc & 0xF];
  }
  return ~crc;
}

}  // namespace kws
