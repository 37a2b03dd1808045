#include "kernel/loops.h"

#include "kernel/isa.h"

namespace hotshot::kernel {

namespace plain {
extern const Loops<float> kFloatLoops;
extern const Loops<Bf16> kBf16Loops;
}  // namespace plain

#if defined(__x86_64__)
namespace avx2 {
extern const Loops<float> kFloatLoops;
extern const Loops<Bf16> kBf16Loops;
}  // namespace avx2
namespace avx512 {
extern const Loops<float> kFloatLoops;
extern const Loops<Bf16> kBf16Loops;
}  // namespace avx512
namespace avx512bf16 {
extern const Loops<float> kFloatLoops;
extern const Loops<Bf16> kBf16Loops;
}  // namespace avx512bf16
namespace amx {
extern const Loops<float> kFloatLoops;
extern const Loops<Bf16> kBf16Loops;
}  // namespace amx
#endif

namespace {

// In the order of Isa.
#if defined(__x86_64__)
constexpr const Loops<float>* kFloat[] = {&plain::kFloatLoops, &avx2::kFloatLoops, &avx512::kFloatLoops,
                                          &avx512bf16::kFloatLoops, &amx::kFloatLoops};
constexpr const Loops<Bf16>* kBf16[] = {&plain::kBf16Loops, &avx2::kBf16Loops, &avx512::kBf16Loops,
                                        &avx512bf16::kBf16Loops, &amx::kBf16Loops};
#else
constexpr const Loops<float>* kFloat[] = {&plain::kFloatLoops};
constexpr const Loops<Bf16>* kBf16[] = {&plain::kBf16Loops};
#endif

}  // namespace

template <>
const Loops<float>& loops<float>() {
  return *kFloat[static_cast<int>(isa())];
}

template <>
const Loops<Bf16>& loops<Bf16>() {
  return *kBf16[static_cast<int>(isa())];
}

}  // namespace hotshot::kernel
