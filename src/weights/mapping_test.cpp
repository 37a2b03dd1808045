#include "weights/mapping.h"

#include <gtest/gtest.h>

#include <string>

#include "base/input_file.h"
#include "base/test_support.h"

namespace hotshot::weights {
namespace {

TEST(Mapping, WhatIsGivenBackIsTheFileAgain) {
  const TestFolder folder;
  constexpr std::size_t kPage = 4096;
  const InputFile file(folder.file("a.bin", std::string(16 * kPage, 'x')));
  const Mapping mapping(file);
  char* const bytes = reinterpret_cast<char*>(mapping.data());
  std::fill_n(bytes, mapping.size(), 'y');  // in this process alone
  const std::size_t first = kPage / 2, count = 12 * kPage;
  mapping.give_back(mapping.data() + first, count);
  EXPECT_EQ(bytes[8 * kPage], 'x');
  // Bytes outside, also those that share a page with bytes inside, are as they were.
  EXPECT_EQ(bytes[first - 1], 'y');
  EXPECT_EQ(bytes[first + count], 'y');
  EXPECT_EQ(bytes[15 * kPage], 'y');
}

}  // namespace
}  // namespace hotshot::weights
