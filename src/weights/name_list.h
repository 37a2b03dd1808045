// Names for an error message: all counted, the first twenty shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hotshot::weights {

class NameList {
 public:
  void add(std::string_view name);
  std::size_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  /// "a, b, c, and 4 more"; "none" when empty.
  std::string text() const;

 private:
  std::size_t count_ = 0;
  std::string shown_;
};

}  // namespace hotshot::weights
