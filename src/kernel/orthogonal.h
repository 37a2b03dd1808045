// What Muon makes of a gradient.
#pragma once

#include <ATen/core/Tensor.h>

namespace hotshot::kernel {

/// Nearly the orthogonal factor U Vᵀ of matrix = U S Vᵀ: five steps of the quintic Newton–Schulz iteration
/// X ← 3.4445 X - 4.7750 A X + 2.0315 A² X, A = X Xᵀ (Jordan et al. 2024, "Muon"), in bf16. Singular values come out
/// between 0.7 and 1.2, those below a thousandth of the norm smaller. [m, n] fp32, or [k, m, n] for k matrices at once,
/// → the same in fp32; no gradients.
at::Tensor orthogonalized(const at::Tensor& matrices);

}  // namespace hotshot::kernel
