// Kernels as those see them who measure (measure/profile.h): libtorch tells observers of its own operations; this tells
// them of ours.
#pragma once

#include <ATen/record_function.h>

#include <initializer_list>
#include <vector>

namespace hotshot::kernel {

/// While it lives, the kernel `name` ("hotshot::gelu") is running on the tensors it reads and writes. Costs nothing
/// where nobody observes.
class Recorded {
 public:
  Recorded(const char* name, std::initializer_list<at::Tensor> tensors) : guard_(at::RecordScope::FUNCTION) {
    if (!guard_.isActive()) return;
    const std::vector<c10::IValue> values(tensors.begin(), tensors.end());  // seen while the observers are told
    guard_.before(name, c10::ArrayRef<const c10::IValue>(values.data(), values.size()));
  }

 private:
  at::RecordFunction guard_;
};

}  // namespace hotshot::kernel
