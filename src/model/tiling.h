// Networks of pictures on pictures that are too large for them at once.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace hotshot::model {

using PictureFunction = std::function<at::Tensor(const at::Tensor& x_nchw)>;

/// f on every picture of the batch by itself: memory for one.
at::Tensor one_by_one(const at::Tensor& x_nchw, const PictureFunction& f);

/// f on square tiles of x with sides `tile_in`, which f turns into `tile_out`, both multiples of 4; neighbours overlap
/// by a quarter, over which their results are blended linearly. Tiles at the right and lower edge are smaller. A
/// picture that one tile holds is computed at once. The same numbers as diffusers' AutoencoderKL with tiling.
at::Tensor in_tiles(const at::Tensor& x_nchw, std::int64_t tile_in, std::int64_t tile_out, const PictureFunction& f);

}  // namespace hotshot::model
