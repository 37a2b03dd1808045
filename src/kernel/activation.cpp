#include "kernel/activation.h"

#include <ATen/ATen.h>

namespace hotshot::kernel {

at::Tensor gelu_tanh(const at::Tensor& x) { return at::gelu(x, "tanh"); }

}  // namespace hotshot::kernel
