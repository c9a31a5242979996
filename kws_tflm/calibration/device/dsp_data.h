// Buffers (DTCM) and instances for the generated CMSIS-DSP cases.
#ifndef KWS_TFLM_CALIBRATION_DEVICE_DSP_DATA_H_
#define KWS_TFLM_CALIBRATION_DEVICE_DSP_DATA_H_

#include <stdint.h>

#include "arm_math.h"

#define KWS_MAX_LENGTH 2048
#define KWS_MAX_TAPS 32

typedef union {
  float32_t f32[2 * KWS_MAX_LENGTH];
  q31_t q31[2 * KWS_MAX_LENGTH];
  q15_t q15[4 * KWS_MAX_LENGTH];
} Buffer;

static Buffer input, output;

static union {
  float32_t f32[KWS_MAX_LENGTH + KWS_MAX_TAPS];
  q31_t q31[KWS_MAX_LENGTH + KWS_MAX_TAPS];
  q15_t q15[KWS_MAX_LENGTH + KWS_MAX_TAPS];
  q63_t q63[8];
} state;

static union {
  float32_t f32[KWS_MAX_TAPS];
  q31_t q31[KWS_MAX_TAPS];
  q15_t q15[KWS_MAX_TAPS];
} coefficients;

static union {
  arm_cfft_instance_f32 cfft_f32;
  arm_cfft_instance_q31 cfft_q31;
  arm_cfft_instance_q15 cfft_q15;
  arm_rfft_fast_instance_f32 rfft_f32;
  arm_rfft_instance_q31 rfft_q31;
  arm_rfft_instance_q15 rfft_q15;
  arm_fir_instance_f32 fir_f32;
  arm_fir_instance_q31 fir_q31;
  arm_fir_instance_q15 fir_q15;
  arm_biquad_casd_df1_inst_f32 df1_f32;
  arm_biquad_casd_df1_inst_q31 df1_q31;
  arm_biquad_casd_df1_inst_q15 df1_q15;
  arm_biquad_cascade_df2T_instance_f32 df2t_f32;
  arm_biquad_cas_df1_32x64_ins_q31 df1_32x64;
} s;

static uint32_t Random(uint32_t* seed) { return *seed = *seed * 1664525u + 1013904223u; }

static inline void FillFloat(void) {
  uint32_t seed = 1;
  for (int i = 0; i < 2 * KWS_MAX_LENGTH; ++i) {
    input.f32[i] = (float32_t)(int32_t)Random(&seed) / 2147483648.0f;
  }
  for (int i = 0; i < KWS_MAX_TAPS; ++i) coefficients.f32[i] = 0.01f * (float32_t)(i + 1);
}

static inline void FillFixed(void) {
  uint32_t seed = 1;
  for (int i = 0; i < 2 * KWS_MAX_LENGTH; ++i) input.q31[i] = (q31_t)Random(&seed);
  for (int i = 0; i < KWS_MAX_TAPS; ++i) coefficients.q31[i] = i << 20 | i << 4;
}

#endif  // KWS_TFLM_CALIBRATION_DEVICE_DSP_DATA_H_
