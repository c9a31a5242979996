// The version of the firmware, as the banner prints it.
#pragma once

namespace kws {

inline constexpr char kFirmwareVersion[] = KWS_FIRMWARE_VERSION;

}  // namespace kws
