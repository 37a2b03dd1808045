// A run that is killed and started again ends with the same bytes as one that was left alone.
#include <ATen/Parallel.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "base/digest.h"
#include "training/test_support.h"
#include "weights/checkpoint.h"

namespace hotshot::training {
namespace {

namespace fs = std::filesystem;

constexpr int kSteps = 12;
constexpr const char* kTold = "HOTSHOT_TEST_TRAIN";  // "FOLDER NAME", for this program started as a child
constexpr int kToldPipe = 198;                       // where the child says that a step is done

/// In the child, training takes the place of the tests.
class Child : public ::testing::Environment {
 public:
  void SetUp() override {
    const char* told = std::getenv(kTold);
    if (!told) return;
    at::set_num_threads(2);
    const std::string text = told;
    const fs::path folder = text.substr(0, text.find(' '));
    const LoopHooks hooks{.on_log = [](const LogRow&) { (void)!::write(kToldPipe, ".", 1); }, .on_preview = {}};
    run_recipe(folder / "recipe.toml", places_in(folder, text.substr(text.find(' ') + 1)), hooks);
    std::_Exit(0);
  }
};
[[maybe_unused]] const auto* const kChild = ::testing::AddGlobalTestEnvironment(new Child);

/// This program as a child that trains run `name` of `folder`.
class Trainer {
 public:
  Trainer(const fs::path& folder, const std::string& name) {
    int ends[2];
    ensure(::pipe2(ends, O_CLOEXEC) == 0, "test", "cannot make a pipe: {}", std::strerror(errno));
    const std::string told = fmt::format("{}={} {}", kTold, folder.string(), name);
    std::vector<char*> environment;
    for (char** entry = environ; *entry; ++entry) environment.push_back(*entry);
    environment.push_back(const_cast<char*>(told.c_str()));
    char passive[] = "OMP_WAIT_POLICY=PASSIVE";  // threads that wait do not take a busy machine's time
    environment.push_back(passive);
    environment.push_back(nullptr);
    char program[] = "training_test";
    char* const arguments[] = {program, nullptr};
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], kToldPipe);
      ::execve("/proc/self/exe", arguments, environment.data());
      std::_Exit(127);
    }
    ::close(ends[1]);
    steps_ = ends[0];
  }
  ~Trainer() { ::close(steps_); }
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// Returns after `count` more steps or the child's end.
  void wait_steps(int count) const {
    for (char dot; count > 0 && ::read(steps_, &dot, 1) == 1; --count) continue;
  }
  void kill() const { ::kill(pid_, SIGKILL); }
  /// How the child ended, as waitpid says.
  int end() const {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    return status;
  }

 private:
  pid_t pid_ = -1;
  int steps_ = -1;
};

/// SHA-256 of what a run leaves: the tensors of its last checkpoint and the files of its model.
std::map<std::string, std::string> results(const fs::path& folder, const std::string& name) {
  std::map<std::string, std::string> digests;
  const RunPlaces places = places_in(folder, name);
  const auto last = weights::latest_checkpoint(places.run_folder / "checkpoints");
  EXPECT_TRUE(last) << name;
  for (const auto& entry : fs::directory_iterator(last.value_or("."))) {
    if (entry.path().extension() == ".safetensors") digests[entry.path().filename()] = sha256_file(entry.path());
  }
  for (const auto& entry : fs::recursive_directory_iterator(places.model_folder)) {
    const fs::path relative = fs::relative(entry.path(), places.model_folder);
    // What a killed process was writing stays under a hidden name.
    if (entry.is_regular_file() && !entry.path().filename().string().starts_with("."))
      digests[relative] = sha256_file(entry.path());
  }
  return digests;
}

void expect_equal_runs(const fs::path& folder, const std::string& a, const std::string& b) {
  EXPECT_EQ(results(folder, a), results(folder, b));
  EXPECT_GE(results(folder, a).size(), 6u);
  const auto log_a = read_log(places_in(folder, a).run_folder), log_b = read_log(places_in(folder, b).run_folder);
  ASSERT_EQ(log_a.size(), static_cast<std::size_t>(kSteps));
  ASSERT_EQ(log_b.size(), static_cast<std::size_t>(kSteps));
  for (std::size_t i = 0; i < log_a.size(); ++i) {
    EXPECT_EQ(log_b[i].step, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(log_a[i].loss, log_b[i].loss) << "step " << i + 1;
    EXPECT_EQ(log_a[i].gradient_norm, log_b[i].gradient_norm) << "step " << i + 1;
    EXPECT_EQ(log_a[i].extra, log_b[i].extra) << "step " << i + 1;
  }
}

/// Kills run "killed" at a few random instants, then lets it end. The instants differ from one test run to the next.
void train_with_kills(const fs::path& folder, int kills) {
  std::mt19937 random(std::random_device{}());
  for (int i = 0; i < kills; ++i) {
    const Trainer trainer(folder, "killed");
    const int steps = static_cast<int>(random() % 6);
    const auto delay = static_cast<useconds_t>(random() % 60'000);
    SCOPED_TRACE(fmt::format("killed {} us after step {} of this part", delay, steps));
    trainer.wait_steps(steps);
    ::usleep(delay);
    trainer.kill();
    const int status = trainer.end();
    EXPECT_TRUE(WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
  }
  const Trainer last(folder, "killed");
  EXPECT_EQ(last.end(), 0);
}

constexpr const char* kLoop = "steps = 12\nlog_every = 1\ncheckpoint_every = 2\n";

TEST(Resume, AutoencoderKilledAtRandomInstantsEndsTheSame) {
  const TestFolder folder;
  write_file(folder / "recipe.toml", autoencoder_recipe(kLoop));
  EXPECT_EQ(Trainer(folder.path(), "whole").end(), 0);
  train_with_kills(folder.path(), 4);
  expect_equal_runs(folder.path(), "whole", "killed");
}

TEST(Resume, TransformerKilledAtRandomInstantsEndsTheSame) {
  const TestFolder folder;
  write_file(folder / "vae.toml", autoencoder_recipe("steps = 1\n"));
  for (const char* name : {"whole", "killed"}) {
    RunPlaces places = places_in(folder.path(), name);
    places.run_folder = places.run_folder.parent_path() / "vae";
    run_recipe(folder / "vae.toml", places);
  }
  write_file(folder / "recipe.toml", transformer_recipe(kLoop));
  EXPECT_EQ(Trainer(folder.path(), "whole").end(), 0);
  train_with_kills(folder.path(), 4);
  expect_equal_runs(folder.path(), "whole", "killed");
}

TEST(Resume, CancelledWritesACheckpointAndOtherIntervalsMayFollow) {
  const TestFolder folder;
  const std::string rare = "steps = 12\ncheckpoint_every = 100\n";
  write_file(folder / "whole.toml", autoencoder_recipe(rare + "log_every = 1\n"));
  run_recipe(folder / "whole.toml", places_in(folder.path(), "whole"));
  StopAt stop(5);
  const RunPlaces places = places_in(folder.path(), "stopped");
  write_file(folder / "stopped.toml", autoencoder_recipe(rare + "log_every = 1\n"));
  EXPECT_THROW(run_recipe(folder / "stopped.toml", places, {}, &stop), Cancelled);
  EXPECT_EQ(weights::latest_checkpoint(places.run_folder / "checkpoints")->filename(), "step-00000005");
  EXPECT_FALSE(fs::exists(places.model_folder / "vae"));

  write_file(folder / "stopped.toml",
             autoencoder_recipe("steps = 12\nlog_every = 1\ncheckpoint_every = 3\nkeep = 1\n"));
  run_recipe(folder / "stopped.toml", places);
  expect_equal_runs(folder.path(), "whole", "stopped");
}

TEST(Resume, BatchesLoadedAheadChangeNothing) {
  const TestFolder folder;
  write_file(folder / "recipe.toml", autoencoder_recipe("steps = 12\nlog_every = 1\n"));
  for (const auto& [name, ahead] : {std::pair<const char*, int>{"whole", 0}, {"ahead", 3}}) {
    Recipe recipe = read_recipe(folder / "recipe.toml");
    recipe.loop.batches_ahead = ahead;
    const RunPlaces places = places_in(folder.path(), name);
    const auto task = recipe.make_task(places, at::kCPU);
    train(*task, recipe.loop, recipe.optimizer, places.run_folder, places.model_folder, recipe.digest, {}, nullptr);
  }
  expect_equal_runs(folder.path(), "whole", "ahead");
}

TEST(Resume, AnotherRecipeIsRefused) {
  const TestFolder folder;
  const RunPlaces places = places_in(folder.path(), "a");
  write_file(folder / "a.toml", autoencoder_recipe("steps = 1\n"));
  run_recipe(folder / "a.toml", places);
  write_file(folder / "b.toml", autoencoder_recipe("steps = 2\n"));
  const std::string message = message_of([&] { run_recipe(folder / "b.toml", places); });
  EXPECT_NE(message.find("another recipe"), std::string::npos) << message;
  EXPECT_NE(message.find("step-00000001"), std::string::npos) << message;
  EXPECT_EQ(read_log(places.run_folder).size(), 1u);  // what was there stays
}

TEST(Resume, AnotherAutoencoderIsRefusedAndItsLatentsAreApart) {
  const TestFolder folder;
  const RunPlaces places = places_in(folder.path(), "a");
  RunPlaces vae_places = places;
  vae_places.run_folder = folder / "vae1";
  write_file(folder / "vae.toml", autoencoder_recipe("steps = 1\n"));
  run_recipe(folder / "vae.toml", vae_places);
  write_file(folder / "a.toml", transformer_recipe("steps = 4\n"));
  run_recipe(folder / "a.toml", places);
  const auto count = [&] {
    return std::distance(fs::directory_iterator(places.latent_folder), fs::directory_iterator());
  };
  EXPECT_EQ(count(), 2);  // one per bucket
  vae_places.run_folder = folder / "vae2";
  write_file(folder / "vae.toml", autoencoder_recipe("steps = 3\n"));
  run_recipe(folder / "vae.toml", vae_places);
  const std::string message = message_of([&] { run_recipe(folder / "a.toml", places); });
  EXPECT_NE(message.find("other data"), std::string::npos) << message;
  EXPECT_EQ(count(), 4);
}

}  // namespace
}  // namespace hotshot::training
