// One function a bound class; module.cc calls them all.
#pragma once

#include <nanobind/nanobind.h>

namespace kws::host {

void BindFeatures(nanobind::module_& module);
void BindInterpreter(nanobind::module_& module);
void BindDetector(nanobind::module_& module);
void BindSpotter(nanobind::module_& module);

}  // namespace kws::host
