#include "text/clip_vocabulary.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/options.h"

namespace hotshot::text {
namespace {

namespace fs = std::filesystem;

constexpr int kClipTokens = 77;

std::vector<std::string> pieces_by_id(const nlohmann::json& vocabulary, const std::string& where) {
  require(vocabulary.is_object() && !vocabulary.empty(), where, "expected an object of pieces and their ids but got {}",
          shown(vocabulary));
  std::vector<std::string> pieces(vocabulary.size());
  for (const auto& [piece, id] : vocabulary.items()) {
    const bool fits = id.is_number_unsigned() && id.get<std::uint64_t>() < pieces.size();
    require(fits && !piece.empty(), where, "expected a piece with an id from 0 to {} but got '{}': {}",
            pieces.size() - 1, piece.substr(0, 100), shown(id));
    std::string& slot = pieces[id.get<std::size_t>()];
    require(slot.empty(), where, "expected distinct ids but '{}' and '{}' share {}", slot.substr(0, 100),
            piece.substr(0, 100), shown(id));
    slot = piece;
  }
  return pieces;
}

Merge parse_merge(std::string_view line, const std::string& where) {
  const std::size_t space = line.find(' ');
  const bool two = space != std::string_view::npos && space > 0 && space + 1 < line.size() &&
                   line.find(' ', space + 1) == std::string_view::npos;
  require(two, where, "expected two pieces with a space between but got '{}'", line.substr(0, 100));
  return {std::string(line.substr(0, space)), std::string(line.substr(space + 1))};
}

std::vector<Merge> parse_merges(std::string_view text, const std::string& where) {
  std::vector<Merge> merges;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty() && !line.starts_with("#version")) merges.push_back(parse_merge(line, where));
  }
  return merges;
}

Merge merge_of_json(const nlohmann::json& merge, const std::string& where) {
  if (merge.is_string()) return parse_merge(merge.get_ref<const std::string&>(), where);
  const bool pair = merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string();
  require(pair, where, "expected two pieces but got {}", shown(merge));
  return {merge[0].get<std::string>(), merge[1].get<std::string>()};
}

PieceList read_tokenizer_json(const fs::path& path) {
  const std::string where = fmt::format("text {}", path.string());
  const nlohmann::json file = read_json(path);
  const auto model = file.is_object() ? file.find("model") : file.end();
  require(model != file.end() && model->is_object() && model->value("type", nlohmann::json()) == "BPE" &&
              model->value("end_of_word_suffix", nlohmann::json()) == kWordEnd,
          where, "expected a model of type BPE whose words end in {}", kWordEnd);
  PieceList list{pieces_by_id(model->value("vocab", nlohmann::json()), where), {}};
  const nlohmann::json merges = model->value("merges", nlohmann::json());
  require(merges.is_array(), where, "expected a list of merges but got {}", shown(merges));
  for (const nlohmann::json& merge : merges) list.merges.push_back(merge_of_json(merge, where));
  return list;
}

}  // namespace

PieceList read_clip_vocabulary(const fs::path& folder) {
  const fs::path vocabulary = folder / "vocab.json", merges = folder / "merges.txt", all = folder / "tokenizer.json";
  if (!fs::exists(vocabulary) && fs::exists(all)) return read_tokenizer_json(all);
  for (const fs::path& path : {vocabulary, merges})
    require(fs::exists(path), "text",
            "expected vocab.json and merges.txt, or tokenizer.json, in '{}' but {} is missing", folder.string(),
            path.filename().string());
  return {pieces_by_id(read_json(vocabulary), fmt::format("text {}", vocabulary.string())),
          parse_merges(read_file(merges), fmt::format("text {}", merges.string()))};
}

PieceList vocabulary_of_merges(std::string_view merges, const std::string& where) {
  PieceList list{{}, parse_merges(merges, where)};
  for (const std::string_view end : {std::string_view(), kWordEnd})
    for (const unsigned char byte : byte_order()) list.pieces.push_back(visible_byte(byte).append(end));
  for (const auto& [left, right] : list.merges) list.pieces.push_back(left + right);
  list.pieces.emplace_back(kClipStart);
  list.pieces.emplace_back(kClipEnd);
  return list;
}

void write_clip_tokenizer(const fs::path& merges, std::string_view pad, const fs::path& folder) {
  const std::string where = fmt::format("text {}", merges.string());
  const std::string text = read_file(merges);
  const PieceList list = vocabulary_of_merges(text, where);
  const BytePairs checked(list, where);
  require(checked.find(std::string(pad)).has_value(), where, "expected a piece '{}' to pad with", pad);
  nlohmann::json vocabulary = nlohmann::json::object();
  for (std::size_t id = 0; id < list.pieces.size(); ++id) vocabulary[list.pieces[id]] = id;
  const nlohmann::json special = {
      {"bos_token", kClipStart}, {"eos_token", kClipEnd}, {"pad_token", pad}, {"unk_token", kClipEnd}};
  nlohmann::json config = special;
  config["tokenizer_class"] = "CLIPTokenizer";
  config["model_max_length"] = kClipTokens;
  config["do_lower_case"] = true;
  config["add_prefix_space"] = false;
  config["errors"] = "replace";
  make_folders(folder, "text");
  write_file(folder / "vocab.json", vocabulary.dump() + "\n");
  write_file(folder / "merges.txt", text);
  write_file(folder / "special_tokens_map.json", special.dump(2) + "\n");
  write_file(folder / "tokenizer_config.json", config.dump(2) + "\n");
}

}  // namespace hotshot::text
