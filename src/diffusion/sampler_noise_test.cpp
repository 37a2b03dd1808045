// Samplers that draw fresh noise: what they make is a distribution. For Gaussian data and the best network every step
// is linear in the start and in the noise drawn, so the distribution follows exactly from runs in which one number of
// one draw is 1 and everything else 0.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/discrete_schedule.h"
#include "diffusion/sampler.h"
#include "diffusion/sampler_test_support.h"

namespace hotshot::diffusion {
namespace {

struct Moments {
  double mean = 0.0, variance = 0.0;
};

// Element 0 has no noise at all, element 1 only the start's, element 2 + 2 step + call only that of one draw.
Moments moments(std::string_view sampler, const Gaussian& data, const Schedule& schedule) {
  const int draws = 2 * schedule.steps();
  at::Tensor z = at::zeros({draws + 2}, at::kDouble);
  z[1] = 1.0;
  const NoiseSource impulse = [](const at::Tensor& like, int step, int call) {
    at::Tensor noise = at::zeros_like(like);
    noise[2 + 2 * step + call] = 1.0;
    return noise;
  };
  const at::Tensor end = sample(sampler, ideal(data, schedule.prediction), data.position(z, schedule.sigmas.front()),
                                schedule, {}, {}, impulse);
  const at::Tensor parts = end.narrow(0, 1, draws + 1) - end[0];
  return {end[0].item<double>(), parts.square().sum().item<double>()};
}

double error_of(std::string_view sampler, const Family& family, int steps) {
  const Gaussian data{.fade = family.fade};
  const Moments made = moments(sampler, data, family.schedule(steps));
  return std::abs(made.mean - data.alpha(family.to) * data.mean) +
         std::abs(made.variance - std::pow(data.spread(family.to), 2));
}

TEST(SamplerNoise, EverySamplerShowsTheOrderItClaimsInDistribution) {
  for (const SamplerInfo& info : samplers()) {
    if (info.eta == 0.0 || info.order == 0) continue;
    for (const Family& family : families()) {
      const double order = std::log2(error_of(info.name, family, 64) / error_of(info.name, family, 128));
      RecordProperty(std::string(info.name) + "/" + family.prediction, std::to_string(order));
      EXPECT_NEAR(order, info.order, 0.2) << info.name << " " << family.prediction;
    }
  }
}

TEST(SamplerNoise, WholeRunsReachTheDataDistribution) {
  for (const SamplerInfo& info : samplers()) {
    if (info.eta == 0.0) continue;
    const Gaussian flow, discrete{.fade = 0.0};
    const DiscreteScheduleOptions options{.grid = std::string(info.grid), .sigma_spacing = "karras"};
    for (const auto& [data, schedule] :
         {std::pair{flow, flow_schedule(40)}, {discrete, discrete_schedule(40, options)}}) {
      if (info.order == 0) continue;  // lcm needs a network that jumps right
      const Moments made = moments(info.name, data, schedule);
      EXPECT_NEAR(made.mean, data.mean, 0.02) << info.name;
      EXPECT_NEAR(std::sqrt(made.variance), data.deviation, info.order == 1 ? 0.1 : 0.05) << info.name;
    }
  }
}

TEST(SamplerNoise, DependsOnSeedStepAndCallAlone) {
  const at::Tensor like = at::zeros({2, 3, 5});
  const NoiseSource noise = seeded_noise(0);
  const at::Tensor first = noise(like, 0, 0);
  EXPECT_TRUE(first.equal(seeded_noise(0)(like, 0, 0)));
  EXPECT_FALSE(first.equal(noise(like, 0, 1)));
  EXPECT_FALSE(first.equal(noise(like, 1, 0)));
  EXPECT_FALSE(noise(like, 0, 1).equal(noise(like, 1, 0)));
  EXPECT_FALSE(first.equal(seeded_noise(1)(like, 0, 0)));
  EXPECT_TRUE(first.to(at::kDouble).equal(noise(like.to(at::kDouble), 0, 0)));
  const at::Tensor many = noise(at::zeros({20000}), 4, 0);
  EXPECT_NEAR(many.mean().item<double>(), 0.0, 0.03);
  EXPECT_NEAR(many.std().item<double>(), 1.0, 0.03);
}

TEST(SamplerNoise, ARunIsTheSameForAnyNumberOfThreads) {
  const Gaussian data{.fade = 0.0};
  const Schedule schedule = discrete_schedule(5);
  const at::Tensor start = at::linspace(-20.0, 20.0, 40000);
  const int threads = at::get_num_threads();
  for (const SamplerInfo& info : samplers()) {
    const auto run = [&](int count) {
      at::set_num_threads(count);
      return sample(info.name, ideal(data, "epsilon"), start, schedule, {}, {}, seeded_noise(0));
    };
    EXPECT_TRUE(run(1).equal(run(3))) << info.name;
  }
  at::set_num_threads(threads);
}

TEST(SamplerNoise, IsDemandedAndCheckedWhereItIsUsed) {
  const at::Tensor x = some_latents();
  const NoiseSource wrong_shape = [](const at::Tensor& like, int, int) { return like.flatten(); };
  for (const SamplerInfo& info : samplers()) {
    if (info.eta == 0.0) {
      EXPECT_NO_THROW(sample(info.name, ideal({}), x, flow_schedule(3), {}, {}, wrong_shape)) << info.name;
    } else {
      EXPECT_THROW(sample(info.name, ideal({}), x, flow_schedule(3)), std::runtime_error) << info.name;
      EXPECT_THROW(sample(info.name, ideal({}), x, flow_schedule(3), {}, {}, wrong_shape), std::runtime_error);
    }
  }
}

}  // namespace
}  // namespace hotshot::diffusion
