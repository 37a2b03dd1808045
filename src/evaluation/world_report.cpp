#include "evaluation/world_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/options.h"
#include "data/world_attributes.h"
#include "world/truth.h"

namespace hotshot::evaluation {
namespace {

std::string percent(double share) { return fmt::format("{:.1f}", 100 * share); }

// "87.5 [73.1, 95.0]", or "-" where no clip was asked.
std::string share_text(const Share& share) {
  if (share.total == 0) return "-";
  return fmt::format("{} [{}, {}]", percent(share.value), percent(share.low), percent(share.high));
}

std::vector<const Column*> all_columns(const WorldReport& report) {
  std::vector<const Column*> columns;
  for (const Column& column : report.results) columns.push_back(&column);
  for (const Column& column : report.calibrations) columns.push_back(&column);
  return columns;
}

// Attributes in the order they are shown: those that count first. What no clip was asked is left out.
std::vector<std::size_t> shown_order(const WorldReport& report) {
  std::vector<std::size_t> order;
  for (std::size_t a = 0; a < data::world_attributes().size(); ++a) {
    const auto asked = [&](const Column* column) { return column->shares[a].total > 0; };
    if (std::ranges::any_of(all_columns(report), asked)) order.push_back(a);
  }
  std::stable_partition(order.begin(), order.end(), [&](std::size_t a) { return report.scored[a]; });
  return order;
}

std::string attribute_title(const WorldReport& report, std::size_t attribute) {
  std::string title(data::world_attributes()[attribute].name);
  return report.scored[attribute] ? title : title + " (not scored)";
}

/// A number that is not a share, with its words.
struct Line {
  std::string key, name;
  double value;
};

std::vector<Line> lines(const WorldReport& r) {
  return {
      {"autoencoder_psnr", "autoencoder, PSNR in dB", r.autoencoder.psnr},
      {"autoencoder_flicker", "autoencoder, flicker in 1/255", r.autoencoder.flicker},
      {"frechet", "Fréchet distance to renders", r.frechet},
      {"frechet_floor", "the same between renders", r.frechet_floor},
      {"seed_diversity", "distance between seeds", r.seed_diversity},
      {"prompt_diversity", "distance between prompts", r.prompt_diversity},
      {"nearest_training", "distance to nearest training clip", r.nearest_training},
      {"nearest_training_real", "the same of renders", r.nearest_training_real},
      {"seconds_per_clip", "seconds per clip", r.seconds_per_clip},
  };
}

std::string heading(const WorldReport& r) {
  return fmt::format("{}: {} scenes x {} splits x {} languages x {} seeds = {} clips; percent right [95 % interval]",
                     r.model, r.options.prompts, r.options.splits.size(), r.options.languages.size(), r.options.seeds,
                     r.clips.size());
}

// Columns of display; a word of this table has no wide characters but é.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string padded(const std::string& text, std::size_t columns) {
  return text + std::string(columns > width(text) ? columns - width(text) : 0, ' ');
}

std::string escaped(const std::string& text) {
  std::string result;
  for (char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string class_name(std::size_t attribute, int answer) {
  return data::world_attributes()[attribute].classes.at(static_cast<std::size_t>(answer));
}

// What a reader sees of an answer; "none" alone would not say of what.
std::string shown_answer(std::size_t attribute, int answer) {
  const std::string name = class_name(attribute, answer);
  return name == "none" ? fmt::format("no {}", data::world_attributes()[attribute].name) : name;
}

std::string media_element(const std::string& file) {
  if (file.empty()) return "";
  if (file.ends_with(".mp4") || file.ends_with(".webm")) {
    return fmt::format("<video src=\"{}\" autoplay loop muted playsinline></video>", escaped(file));
  }
  return fmt::format("<img src=\"{}\" alt=\"\" loading=\"lazy\">", escaped(file));
}

std::string page_table(const WorldReport& report) {
  const auto columns = all_columns(report);
  std::string html = "<table><tr><th></th>";
  for (const Column* column : columns) html += fmt::format("<th>{}</th>", escaped(column->name));
  html += "</tr>\n";
  for (std::size_t a : shown_order(report)) {
    html += fmt::format("<tr{}><th>{}</th>", report.scored[a] ? "" : " class=\"unscored\"", attribute_title(report, a));
    for (const Column* column : columns) {
      const Share& share = column->shares[a];
      html += share.total == 0 ? "<td>-</td>"
                               : fmt::format("<td><b>{}</b> <small>{} to {}</small></td>", percent(share.value),
                                             percent(share.low), percent(share.high));
    }
    html += "</tr>\n";
  }
  return html + "</table>\n";
}

std::string page_clip(const WorldReport& report, const JudgedClip& clip, const std::string& file) {
  std::string html = "<figure>" + media_element(file) + "<figcaption>" + escaped(clip.prompt) +
                     fmt::format(" <small>seed {}</small><br>", clip.seed);
  for (std::size_t a = 0; a < clip.wanted.size(); ++a) {
    if (clip.wanted[a] < 0 || !report.scored[a]) continue;
    const bool right = clip.wanted[a] == clip.read[a];
    html += fmt::format("<span class=\"{}\" title=\"{}\">{}</span> ", right ? "right" : "wrong",
                        data::world_attributes()[a].name,
                        right ? shown_answer(a, clip.wanted[a])
                              : shown_answer(a, clip.wanted[a]) + " → " + shown_answer(a, clip.read[a]));
  }
  return html + "</figcaption></figure>\n";
}

constexpr const char* kStyle = R"(<style>
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 84rem; padding: 0 1rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { padding: .3rem .7rem; text-align: left; border-bottom: 1px solid #8884; white-space: nowrap; }
.unscored { opacity: .55; }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 1.2rem; }
figure { margin: 0; } figure img, figure video { width: 100%; border-radius: .5rem; }
small { opacity: .7; }
.right, .wrong { border-radius: .3rem; padding: 0 .3rem; font-size: .8rem; }
.right { background: #2a83; } .wrong { background: #d334; }
</style>
)";

}  // namespace

std::string report_table(const WorldReport& report) {
  std::vector<std::vector<std::string>> cells{{""}};
  const auto columns = all_columns(report);
  for (const Column* column : columns) cells[0].push_back(column->name);
  for (std::size_t a : shown_order(report)) {
    cells.push_back({attribute_title(report, a)});
    for (const Column* column : columns) cells.back().push_back(share_text(column->shares[a]));
  }
  std::vector<std::size_t> widths(columns.size() + 1, 0);
  for (const auto& row : cells) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string text = heading(report) + "\n\n";
  for (const auto& row : cells) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += padded(row[i], widths[i] + 2);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  text += "\n";
  for (const Line& line : lines(report)) text += padded(line.name, 36) + fmt::format("{:.2f}\n", line.value);
  return text;
}

nlohmann::json report_json(const WorldReport& report) {
  const auto attributes = data::world_attributes();
  nlohmann::json json{{"format", "hotshot-evaluation-1"}, {"suite", "world"}, {"model", report.model}};
  json["options"] = write_fields(WorldSuiteOptions(report.options).fields());
  for (const Line& line : lines(report)) json[line.key] = line.value;
  for (std::size_t a = 0; a < attributes.size(); ++a) {
    nlohmann::json row{{"attribute", attributes[a].name}, {"scored", bool(report.scored[a])}};
    for (const auto& [key, group] :
         {std::pair{"results", &report.results}, std::pair{"calibrations", &report.calibrations}}) {
      for (const Column& column : *group) {
        const Share& s = column.shares[a];
        row[key][column.name] = {
            {"share", s.value}, {"low", s.low}, {"high", s.high}, {"hits", s.hits}, {"total", s.total}};
      }
    }
    json["attributes"].push_back(std::move(row));
  }
  json["clips"] = nlohmann::json::array();
  for (const JudgedClip& clip : report.clips) {
    nlohmann::json row{{"prompt", clip.prompt},
                       {"seed", clip.seed},
                       {"split", world::word(clip.split).name},
                       {"language", clip.language == world::Language::english ? "en" : "zh"},
                       {"scene", clip.scene}};
    for (std::size_t a = 0; a < attributes.size(); ++a) {
      if (clip.wanted[a] < 0) continue;
      row["wanted"][std::string(attributes[a].name)] = class_name(a, clip.wanted[a]);
      row["read"][std::string(attributes[a].name)] = class_name(a, clip.read[a]);
    }
    json["clips"].push_back(std::move(row));
  }
  return json;
}

std::string report_page(const WorldReport& report, const std::vector<std::string>& files) {
  std::string html =
      "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>" +
      escaped(report.model) + ": suite world</title>\n" + kStyle + "<h1>" + escaped(report.model) + "</h1>\n<p>" +
      escaped(heading(report)) + "</p>\n" + page_table(report) + "<table>";
  for (const Line& line : lines(report))
    html += fmt::format("<tr><th>{}</th><td>{:.2f}</td></tr>", line.name, line.value);
  html += "</table>\n<h2>Clips</h2>\n<p>Green: asked and read. Red: asked → read.</p>\n<main>\n";
  for (std::size_t i = 0; i < report.clips.size(); ++i) {
    html += page_clip(report, report.clips[i], i < files.size() ? files[i] : "");
  }
  return html + "</main>\n</html>\n";
}

}  // namespace hotshot::evaluation
