#include "cli/training_pictures.h"

#ifndef HOTSHOT_TRAINER_ONLY
#include <map>

#include "base/error.h"
#include "media/contact_sheet.h"
#include "media/decode.h"
#include "media/plot.h"
#include "media/png.h"
#include "training/loop.h"
#endif

namespace hotshot::cli {

#ifdef HOTSHOT_TRAINER_ONLY

void draw_curve(const std::filesystem::path&) {}
void draw_preview(const std::filesystem::path&, std::int64_t, const std::vector<Clip>&) {}
data::PictureReader picture_reader() { return {}; }

#else

void draw_curve(const std::filesystem::path& run_folder) {
  std::map<std::string, media::Series> lines;
  const auto add = [&](const std::string& name, std::int64_t step, double value) {
    media::Series& line = lines[name];
    line.name = name;
    line.x.push_back(static_cast<double>(step));
    line.y.push_back(value);
  };
  for (const training::LogRow& row : training::read_log(run_folder)) {
    add("loss", row.step, row.loss);
    add("learning rate", row.step, row.learning_rate);
    add("gradient norm", row.step, row.gradient_norm);
    add("samples/s", row.step, row.samples_per_second);
    for (const auto& [name, value] : row.extra) add(name, row.step, value);
  }
  std::vector<media::Series> series;
  for (auto& [name, line] : lines) series.push_back(std::move(line));
  media::write_png(media::plot(series, {.title = run_folder.filename().string(), .x_label = "step", .log_y = true}),
                   run_folder / "curve.png");
}

void draw_preview(const std::filesystem::path& run_folder, std::int64_t step, const std::vector<Clip>& clips) {
  if (clips.empty()) return;
  media::write_png(media::contact_sheet(clips), run_folder / fmt::format("preview-{:07}.png", step));
}

data::PictureReader picture_reader() {
  return {.size =
              [](const std::filesystem::path& path) {
                const media::Probe probe = media::probe(path);
                return data::PictureSize{probe.width, probe.height};
              },
          .cover =
              [](const std::filesystem::path& path, int height, int width) {
                media::DecodeOptions options;
                options.cover = media::Size{.width = width, .height = height};
                options.max_frames = 1;
                return media::decode(path, options).frames;
              }};
}

#endif

}  // namespace hotshot::cli
