// FeatureTables made at run time from the numpy arrays of kws_tflm/features/tables.py.
#pragma once

#include <nanobind/nanobind.h>

#include <vector>

#include "stm32f7_app/core/features/feature_tables.h"

namespace kws::host {

// Keeps the arrays alive for as long as the struct that points at them. Throws
// std::invalid_argument when a key is absent or an array has the wrong type or length.
class TablesHolder {
 public:
  explicit TablesHolder(nanobind::dict tables);
  TablesHolder(const TablesHolder&) = delete;
  TablesHolder& operator=(const TablesHolder&) = delete;

  const FeatureTables& get() const { return tables_; }

 private:
  FeatureTables tables_{};
  std::vector<nanobind::object> owners_;
};

}  // namespace kws::host
