// The part of CMSIS-Core that CMSIS-DSP asks for, on GCC's own ACLE intrinsics: the package on PyPI
// comes without CMSIS-Core.
#ifndef KWS_THIRD_PARTY_CMSIS_DSP_CMSIS_COMPILER_H_
#define KWS_THIRD_PARTY_CMSIS_DSP_CMSIS_COMPILER_H_

#include <arm_acle.h>
#include <stdint.h>

#define __ASM __asm
#define __INLINE inline
#define __STATIC_INLINE static inline
#define __STATIC_FORCEINLINE __attribute__((always_inline)) static inline
#define __WEAK __attribute__((weak))
#define __ALIGNED(x) __attribute__((aligned(x)))
#define __PACKED __attribute__((packed))
#define __UNALIGNED_UINT32_READ(address) (((const struct { uint32_t v; } __PACKED*)(address))->v)

#define __CLZ(x) ((uint8_t)__clz(x))
#define __ROR(x, n) __ror(x, n)
#define __SSAT(x, n) __ssat(x, n)
#define __USAT(x, n) __usat(x, n)
#define __QADD(x, y) __qadd(x, y)
#define __QSUB(x, y) __qsub(x, y)
#define __QADD8(x, y) __qadd8(x, y)
#define __QSUB8(x, y) __qsub8(x, y)
#define __QADD16(x, y) __qadd16(x, y)
#define __QSUB16(x, y) __qsub16(x, y)
#define __QASX(x, y) __qasx(x, y)
#define __QSAX(x, y) __qsax(x, y)
#define __SHADD16(x, y) __shadd16(x, y)
#define __SHSUB16(x, y) __shsub16(x, y)
#define __SHASX(x, y) __shasx(x, y)
#define __SHSAX(x, y) __shsax(x, y)
#define __SXTB16(x) __sxtb16(x)
#define __SMUAD(x, y) __smuad(x, y)
#define __SMUADX(x, y) __smuadx(x, y)
#define __SMUSD(x, y) __smusd(x, y)
#define __SMUSDX(x, y) __smusdx(x, y)
#define __SMLAD(x, y, a) __smlad(x, y, a)
#define __SMLADX(x, y, a) __smladx(x, y, a)
#define __SMLSDX(x, y, a) __smlsdx(x, y, a)
#define __SMLALD(x, y, a) __smlald(x, y, a)
#define __SMLALDX(x, y, a) __smlaldx(x, y, a)

__STATIC_FORCEINLINE int32_t __SMMLA(int32_t x, int32_t y, int32_t accumulator) {
  int32_t result;
  __asm("smmla %0, %1, %2, %3" : "=r"(result) : "r"(x), "r"(y), "r"(accumulator));
  return result;
}

#define __PKHBT(low, high, shift)                                     \
  __extension__({                                                     \
    uint32_t pkhbt_result_;                                           \
    __asm("pkhbt %0, %1, %2, lsl %3"                                  \
          : "=r"(pkhbt_result_)                                       \
          : "r"((uint32_t)(low)), "r"((uint32_t)(high)), "I"(shift)); \
    pkhbt_result_;                                                    \
  })
#define __PKHTB(high, low, shift)                                     \
  __extension__({                                                     \
    uint32_t pkhtb_result_;                                           \
    __asm("pkhtb %0, %1, %2, asr %3"                                  \
          : "=r"(pkhtb_result_)                                       \
          : "r"((uint32_t)(high)), "r"((uint32_t)(low)), "I"(shift)); \
    pkhtb_result_;                                                    \
  })

#endif  // KWS_THIRD_PARTY_CMSIS_DSP_CMSIS_COMPILER_H_
