#include "kws_tflm/runtime/src/feature_tables_holder.h"

#include <nanobind/ndarray.h>

#include <stdexcept>
#include <string>

namespace nb = nanobind;

namespace kws::host {
namespace {

template <typename T>
const T* Array(const nb::dict& tables, const char* key, size_t min_length,
               std::vector<nb::object>& owners) {
  if (!tables.contains(key)) throw std::invalid_argument(std::string("tables lack '") + key + "'");
  nb::object value = nb::borrow(tables[key]);
  nb::ndarray<const T, nb::c_contig, nb::device::cpu> array;
  if (!nb::try_cast(value, array, false)) {
    throw std::invalid_argument(std::string("table '") + key + "' has the wrong element type");
  }
  if (array.size() < min_length) {
    throw std::invalid_argument(std::string("table '") + key + "' is too short");
  }
  owners.push_back(value);
  return array.data();
}

int32_t Int(const nb::dict& tables, const char* key) {
  if (!tables.contains(key)) throw std::invalid_argument(std::string("tables lack '") + key + "'");
  return nb::cast<int32_t>(tables[key]);
}

}  // namespace

TablesHolder::TablesHolder(nb::dict tables) {
  FeatureTables& t = tables_;
  t.window_length = Int(tables, "window_length");
  t.hop_length = Int(tables, "hop_length");
  t.n_fft = Int(tables, "n_fft");
  t.n_mels = Int(tables, "n_mels");
  t.n_coefficients = Int(tables, "n_coefficients");
  t.n_features = Int(tables, "n_features");
  if (t.n_fft < 256 || t.n_fft > 2048 || (t.n_fft & (t.n_fft - 1)) != 0 || t.window_length < 1 ||
      t.window_length > t.n_fft || t.hop_length < 1 || t.hop_length > t.window_length ||
      t.n_mels < 1 || t.n_coefficients < 0 || t.n_coefficients > t.n_mels ||
      t.n_features != (t.n_coefficients == 0 ? t.n_mels : t.n_coefficients)) {
    throw std::invalid_argument("table sizes are out of range");
  }
  const auto half = static_cast<size_t>(t.n_fft / 2);
  const auto mels = static_cast<size_t>(t.n_mels);
  t.window = Array<int32_t>(tables, "window", static_cast<size_t>(t.window_length), owners_);
  t.permutation = Array<uint16_t>(tables, "permutation", half, owners_);
  t.fft_twiddles = Array<int32_t>(tables, "fft_twiddles", 1, owners_);
  t.unpack_twiddles = Array<int32_t>(tables, "unpack_twiddles", 2 * (half / 2 + 1), owners_);
  t.mel_segments = Array<uint16_t>(tables, "mel_segments", mels + 2, owners_);
  const size_t bins = static_cast<size_t>(t.mel_segments[mels + 1] - t.mel_segments[0]);
  t.mel_rising = Array<uint32_t>(tables, "mel_rising", bins, owners_);
  t.log_table = Array<uint16_t>(tables, "log_table", (size_t{1} << kLogTableBits) + 1, owners_);
  t.dct = Array<int16_t>(tables, "dct", static_cast<size_t>(t.n_coefficients) * mels, owners_);
  t.log_offset = nb::cast<uint64_t>(tables["log_offset"]);
}

}  // namespace kws::host
