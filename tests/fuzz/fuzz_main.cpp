// Stands in for libFuzzer where the compiler has none: mutates the files given, for some seconds.
//   safetensors_fuzz [SECONDS] FILE…      a crash leaves its input in crash.bin
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/file.h"
#include "mutate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::string& bytes) {
  // Before the call: a crash ends the process.
  if (std::FILE* file = std::fopen("crash.bin", "wb")) {
    std::fwrite(bytes.data(), 1, bytes.size(), file);
    std::fclose(file);
  }
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s SECONDS FILE…\n", argv[0]);
    return 2;
  }
  std::vector<std::string> seeds;
  for (int i = 2; i < argc; ++i) seeds.push_back(hotshot::read_file(argv[i]));
  const std::vector<std::string> words = {"{", "}",  "[",       "]",        ",",
                                          ":", "\"", "\"F64\"", "\"BOOL\"", "\"__metadata__\":"};
  hotshot::Random random(1, "fuzz");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::atoi(argv[1]));
  std::uint64_t runs = 0;
  for (; std::chrono::steady_clock::now() < end; ++runs)
    run(hotshot::fuzz::mutate(seeds[random.below(static_cast<std::uint32_t>(seeds.size()))], random, words));
  std::remove("crash.bin");
  std::printf("%llu inputs, none crashed\n", static_cast<unsigned long long>(runs));
  return 0;
}
