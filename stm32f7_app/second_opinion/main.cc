// Computes all vectors and prints what came out, a line each:
//   operator MODEL INPUT OPERATOR HEX      the output of each operator
//   column CLIP COLUMN HEX                 int16 features
//   error TEXT                             and exit code 1
//   end
#include "stm32f7_app/second_opinion/semihosting.h"
#include "stm32f7_app/second_opinion/vectors.h"

int main() {
  using namespace kws;
  VectorReader reader(kVectors);
  const uint32_t* header = reader.Words();
  if (header[0] != kVectorsMagic) {
    semihosting::Print("error no vectors\n");
    return 1;
  }
  for (uint32_t i = 0; i < header[1]; ++i) {
    if (!RunModel(i, reader)) return 1;
  }
  for (uint32_t i = 0; i < header[2]; ++i) RunClip(i, reader);
  semihosting::Print("end\n");
  return 0;
}
