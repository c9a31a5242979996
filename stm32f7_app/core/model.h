// What the application needs of a neural network: int8 in, run, int8 out.
#pragma once

#include <cstdint>

namespace kws {

class Model {
 public:
  // Where the next input goes; valid after loading. `Invoke` may overwrite it.
  virtual int8_t* input() = 0;
  virtual uint32_t input_bytes() const = 0;
  virtual const int8_t* output() const = 0;
  virtual uint32_t output_bytes() const = 0;
  // Runs once; false when an operator failed.
  virtual bool Invoke() = 0;

 protected:
  ~Model() = default;  // never deleted through this interface
};

}  // namespace kws
