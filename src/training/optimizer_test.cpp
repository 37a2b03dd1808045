#include "training/optimizer.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "training/test_support.h"

namespace hotshot::training {
namespace {

/// AdamW of one tensor as the papers write it, in double.
struct Reference {
  std::vector<double> weight, first, second, average;

  explicit Reference(const at::Tensor& start) {
    const at::Tensor values = start.detach().to(at::kDouble).flatten().contiguous();
    weight.assign(values.data_ptr<double>(), values.data_ptr<double>() + values.numel());
    first.assign(weight.size(), 0);
    second.assign(weight.size(), 0);
    average = weight;
  }
  void update(const at::Tensor& gradient, const OptimizerOptions& o, int step, double rate, double decay,
              double scale) {
    const at::Tensor values = gradient.to(at::kDouble).flatten().contiguous();
    const int t = step + 1;
    const double ema = std::min(o.ema, (1.0 + step) / (10.0 + step));
    for (std::size_t i = 0; i < weight.size(); ++i) {
      const double g = values.data_ptr<double>()[i] * scale;
      first[i] = o.beta1 * first[i] + (1 - o.beta1) * g;
      second[i] = o.beta2 * second[i] + (1 - o.beta2) * g * g;
      const double m = first[i] / (1 - std::pow(o.beta1, t)), v = second[i] / (1 - std::pow(o.beta2, t));
      weight[i] = weight[i] - rate * decay * weight[i] - rate * m / (std::sqrt(v) + o.epsilon);
      average[i] = ema * average[i] + (1 - ema) * weight[i];
    }
  }
};

void expect_near(const at::Tensor& got, const std::vector<double>& expected, const std::string& what) {
  const at::Tensor values = got.detach().to(at::kDouble).flatten().contiguous();
  ASSERT_EQ(values.numel(), static_cast<std::int64_t>(expected.size()));
  for (std::size_t i = 0; i < expected.size(); ++i)
    ASSERT_NEAR(values.data_ptr<double>()[i], expected[i], 2e-6 * (1 + std::abs(expected[i]))) << what << " " << i;
}

// fp32 on the CPU has loops of its own; anything else, as fp32 on a GPU, takes libtorch's operations.
class OptimizerOf : public testing::TestWithParam<at::ScalarType> {};
INSTANTIATE_TEST_SUITE_P(Types, OptimizerOf, testing::Values(at::kFloat, at::kDouble),
                         [](const auto& type) { return std::string(type.param == at::kFloat ? "float" : "double"); });

TEST_P(OptimizerOf, FollowsAdamWWithDecayOfMatricesOnlyClippingAndAverages) {
  TestParameters parameters(GetParam());
  parameters.add("linear", normal_tensor({5, 7}, 1, "linear"));
  parameters.add("conv", normal_tensor({3, 2, 1, 2, 2}, 1, "conv"));
  const std::vector<std::string> undecayed{"bias", "gamma", "modulation"};
  parameters.add("bias", normal_tensor({7}, 1, "bias"));
  parameters.add("gamma", normal_tensor({6, 1, 1, 1}, 1, "gamma"));
  parameters.add("modulation", normal_tensor({1, 6, 4}, 1, "modulation"));
  const OptimizerOptions options{
      .learning_rate = 0.03, .fan_in = 4, .warmup = 3, .beta2 = 0.95, .weight_decay = 0.5, .clip = 4.0, .ema = 0.3};
  std::map<std::string, Reference> references;
  for (const auto& [name, parameter] : parameters.named()) references.emplace(name, parameter->tensor);
  Optimizer optimizer(options, parameters.named());
  for (int step = 0; step < 6; ++step) {
    const double size = step % 2 ? 3.0 : 0.1;  // above and below the clipping norm
    parameters.set_gradients(step, size);
    double squares = 0;
    for (const auto& [name, p] : parameters.named())
      squares += p->tensor.grad().to(at::kDouble).square().sum().item<double>();
    const double norm = std::sqrt(squares), rate = learning_rate(options, step, 6);
    for (const auto& [name, p] : parameters.named()) {
      const bool decays = std::find(undecayed.begin(), undecayed.end(), name) == undecayed.end();
      // linear has 7 inputs and conv 8, where steps of full size end at 4.
      const double fraction = name == "linear" ? 4.0 / 7 : name == "conv" ? 0.5 : 1;
      references.at(name).update(p->tensor.grad(), options, step, rate * fraction, decays ? 0.5 : 0,
                                 std::min(1.0, 4.0 / norm));
    }
    const UpdateReport report = optimizer.update(step, 6);
    EXPECT_TRUE(report.applied);
    EXPECT_NEAR(report.gradient_norm, norm, 1e-9 * norm);
    for (const auto& [name, p] : parameters.named()) EXPECT_FALSE(p->tensor.grad().defined());
  }
  for (const auto& [name, reference] : references) {
    expect_near(optimizer.weights().at(name), reference.weight, name);
    expect_near(optimizer.first_moments().at(name), reference.first, name);
    expect_near(optimizer.second_moments().at(name), reference.second, name);
    expect_near(optimizer.averages().at(name), reference.average, name);
  }
}

TEST(Optimizer, LearningRateRisesLinearlyThenFallsAlongACosine) {
  const OptimizerOptions options{.learning_rate = 2.0, .warmup = 10, .final_fraction = 0.1};
  EXPECT_DOUBLE_EQ(learning_rate(options, 0, 110), 0.2);
  EXPECT_DOUBLE_EQ(learning_rate(options, 4, 110), 1.0);
  EXPECT_DOUBLE_EQ(learning_rate(options, 9, 110), 2.0);
  EXPECT_DOUBLE_EQ(learning_rate(options, 10, 110), 2.0);
  EXPECT_NEAR(learning_rate(options, 60, 110), 0.2 + 1.8 * 0.5, 1e-12);
  EXPECT_NEAR(learning_rate(options, 35, 110), 0.2 + 1.8 * 0.5 * (1 + std::cos(std::numbers::pi / 4)), 1e-12);
  EXPECT_NEAR(learning_rate(options, 110, 110), 0.2, 1e-12);
  EXPECT_NEAR(learning_rate(options, 500, 110), 0.2, 1e-12);
  EXPECT_DOUBLE_EQ(learning_rate({.learning_rate = 1, .warmup = 0, .final_fraction = 1}, 7, 9), 1.0);
}

TEST_P(OptimizerOf, MuonStepsAreNearlyOrthogonal) {
  for (const auto& shape : std::vector<std::vector<std::int64_t>>{{24, 24}, {16, 48}, {48, 16}, {12, 4, 1, 3, 3}}) {
    TestParameters parameters(GetParam());
    const at::Tensor start = normal_tensor(shape, 3, "start");
    nn::Parameter& weight = parameters.add("w", start, /*hidden=*/true);
    nn::Parameter& vector = parameters.add("v", at::zeros({4}));
    // The rate of AdamW does not matter to Muon.
    const OptimizerOptions options{
        .learning_rate = 0, .muon_rate = 0.5, .warmup = 0, .final_fraction = 1, .weight_decay = 0, .clip = 1e9};
    Optimizer optimizer(options, parameters.named());
    parameters.set_gradients(0, 1e-3);  // its size does not matter either
    const at::Tensor gradient = weight.tensor.grad().flatten(1).clone();
    optimizer.update(0, 10);
    const at::Tensor step = (start - weight.tensor.detach()).flatten(1);
    const double size = 0.5 * 0.2 * std::sqrt(static_cast<double>(std::max(step.size(0), step.size(1))));
    const at::Tensor values = std::get<1>(at::linalg_svd(step / size, false));
    EXPECT_GT(values.min().item<double>(), 0.6) << values;
    EXPECT_LT(values.max().item<double>(), 1.25) << values;
    EXPECT_GT((step * gradient).sum().item<double>(), 0);  // against the gradient
    EXPECT_EQ(vector.tensor.detach().abs().max().item<double>(), 0);
    EXPECT_TRUE(at::isfinite(optimizer.averages().at("w")).all().item<bool>());
  }
}

// Those of one shape are orthogonalised together on a GPU.
TEST_P(OptimizerOf, MuonGivesEachMatrixItsOwnStep) {
  const std::vector<std::vector<std::int64_t>> shapes{{24, 16}, {24, 16}, {16, 24}, {24, 4, 2, 2}};
  const OptimizerOptions options{.muon_rate = 0.5, .warmup = 0, .final_fraction = 1, .weight_decay = 0, .clip = 1e9};
  const auto start = [](std::size_t i) { return std::to_string(i); };
  TestParameters together(GetParam());
  for (std::size_t i = 0; i < shapes.size(); ++i) together.add(start(i), normal_tensor(shapes[i], 1, start(i)), true);
  together.set_gradients(3);
  Optimizer optimizer(options, together.named());
  optimizer.update(0, 10);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    TestParameters alone(GetParam());
    alone.add(start(i), normal_tensor(shapes[i], 1, start(i)), true);
    alone.set_gradients(3);
    Optimizer single(options, alone.named());
    single.update(0, 10);
    const at::Tensor before = normal_tensor(shapes[i], 1, start(i)).to(GetParam());
    const at::Tensor step = optimizer.weights().at(start(i)) - before,
                     expected = single.weights().at(start(i)) - before;
    EXPECT_LT((step - expected).norm().item<double>(), 0.1 * expected.norm().item<double>()) << i;  // bf16
  }
}

TEST_P(OptimizerOf, MuonDecaysAndClips) {
  TestParameters parameters(GetParam());
  nn::Parameter& weight = parameters.add("w", at::ones({4, 6}), /*hidden=*/true);
  const OptimizerOptions options{.muon_rate = 0.1, .warmup = 0, .final_fraction = 1, .weight_decay = 0.5};
  Optimizer optimizer(options, parameters.named());
  weight.tensor.mutable_grad() = at::zeros({4, 6}, GetParam());
  optimizer.update(0, 10);
  EXPECT_TRUE(at::allclose(weight.tensor.detach().to(at::kFloat), at::full({4, 6}, 0.95)));
  weight.tensor.mutable_grad() = at::full({4, 6}, 1e6, GetParam());
  optimizer.update(1, 10);
  EXPECT_NEAR(optimizer.first_moments().at("w").norm().item<double>(), 0.05, 1e-5);  // the norm is clipped to 1
}

TEST_P(OptimizerOf, AGradientThatIsNotFiniteChangesNothing) {
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    TestParameters parameters(GetParam());
    parameters.add("a", normal_tensor({3, 4}, 1, "a"), /*hidden=*/true);
    nn::Parameter& b = parameters.add("b", normal_tensor({50}, 1, "b"));
    Optimizer optimizer({.muon_rate = 0.1}, parameters.named());
    parameters.set_gradients(0);
    EXPECT_TRUE(optimizer.update(0, 10).applied);
    const auto copy = [](const Optimizer::TensorMap& map) {
      Optimizer::TensorMap copies;
      for (const auto& [name, tensor] : map) copies[name] = tensor.clone();
      return copies;
    };
    const std::vector<Optimizer::TensorMap> before{copy(optimizer.weights()), copy(optimizer.first_moments()),
                                                   copy(optimizer.second_moments()), copy(optimizer.averages())};
    parameters.set_gradients(1);
    b.tensor.mutable_grad()[7] = bad;
    const UpdateReport report = optimizer.update(1, 10);
    EXPECT_FALSE(report.applied);
    EXPECT_FALSE(std::isfinite(report.gradient_norm));
    const std::vector<Optimizer::TensorMap> after{optimizer.weights(), optimizer.first_moments(),
                                                  optimizer.second_moments(), optimizer.averages()};
    for (std::size_t i = 0; i < before.size(); ++i) {
      for (const auto& [name, tensor] : before[i]) EXPECT_TRUE(at::equal(tensor, after[i].at(name))) << i << name;
    }
    EXPECT_FALSE(b.tensor.grad().defined());  // and the next step starts clean
    parameters.set_gradients(2);
    EXPECT_TRUE(optimizer.update(2, 10).applied);
  }
}

TEST(Optimizer, ThreadsDoNotChangeAnUpdate) {
  const auto run = [](int threads) {
    at::set_num_threads(threads);
    TestParameters parameters;
    parameters.add("large", normal_tensor({300, 401}, 1, "large"));
    parameters.add("hidden", normal_tensor({64, 96}, 1, "hidden"), /*hidden=*/true);
    parameters.add("hidden too", normal_tensor({128, 32}, 1, "hidden too"), /*hidden=*/true);
    Optimizer optimizer({.muon_rate = 0.01, .warmup = 0}, parameters.named());
    for (int step = 0; step < 3; ++step) {
      parameters.set_gradients(step);  // far above the clipping norm
      optimizer.update(step, 3);
    }
    return optimizer.averages();
  };
  const int threads = at::get_num_threads();
  const auto one = run(1), three = run(3);
  at::set_num_threads(threads);
  for (const auto& [name, tensor] : one) EXPECT_TRUE(at::equal(tensor, three.at(name))) << name;
}

TEST(AveragedWeights, HoldForTheirLifetime) {
  TestParameters parameters;
  nn::Parameter& w = parameters.add("w", normal_tensor({8}, 1, "w"));
  Optimizer optimizer({.warmup = 0}, parameters.named());
  for (int step = 0; step < 3; ++step) parameters.set_gradients(step), optimizer.update(step, 3);
  const at::Tensor trained = w.tensor.detach().clone(), average = optimizer.averages().at("w").clone();
  EXPECT_FALSE(at::equal(trained, average));
  {
    const AveragedWeights averaged(optimizer, parameters.named());
    EXPECT_TRUE(at::equal(w.tensor, average));
  }
  EXPECT_TRUE(at::equal(w.tensor, trained));
  EXPECT_TRUE(w.tensor.requires_grad());
  parameters.set_gradients(3);  // and training goes on with them
  optimizer.update(3, 4);
  EXPECT_FALSE(at::equal(w.tensor, trained));
  EXPECT_TRUE(at::equal(optimizer.weights().at("w"), w.tensor.detach()));
}

}  // namespace
}  // namespace hotshot::training
