// Width and height.
#pragma once

namespace hotshot::pipeline {

struct PixelSize {
  int width = 0;
  int height = 0;
  bool operator==(const PixelSize&) const = default;
};

}  // namespace hotshot::pipeline
