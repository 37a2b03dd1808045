#include "cli/arguments.h"

#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <deque>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"

namespace hotshot::cli {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::string flag_of(const Field& field) {
  std::string flag = "--" + field.name;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

// The value a field has before parsing, for --help.
std::string default_of(const Field& field) {
  const nlohmann::json values = write_fields({field});
  if (!values.contains(field.name)) return "";
  const nlohmann::json& value = values[field.name];
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  return text.empty() || text == "[]" ? "" : fmt::format(" [{}]", text);
}

// Prints the usage line as it was written instead of one made of the options.
class Formatter : public CLI::Formatter {
 public:
  explicit Formatter(std::string usage) : usage_(std::move(usage)) { column_width(34); }
  std::string make_usage(const CLI::App*, std::string) const override { return "Usage: " + usage_ + "\n"; }

 private:
  std::string usage_;
};

bool takes_several(const Field& field) {
  return std::holds_alternative<std::vector<int>*>(field.value) ||
         std::holds_alternative<std::vector<double>*>(field.value) ||
         std::holds_alternative<std::vector<std::string>*>(field.value) ||
         std::holds_alternative<std::vector<bool>*>(field.value);
}

}  // namespace

struct Arguments::State {
  CLI::App app;
  struct Given {
    Field field;
    std::string flag;
    std::vector<std::string> words = {};
    bool on = false;  // of a bool field
    CLI::Option* option = nullptr;
  };
  std::deque<Given> given;
  std::vector<std::string> flags;
};

Arguments::Arguments(std::string usage, std::string summary) : state_(std::make_unique<State>()) {
  state_->app.description(summary);
  state_->app.formatter(std::make_shared<Formatter>(std::move(usage)));
  state_->app.allow_extras();
  state_->flags.push_back("--help");
}

Arguments::~Arguments() = default;

void Arguments::positional(const std::string& name, const std::string& help, std::string* out, bool required) {
  state_->app.add_option(name, *out, help)->required(required);
}

void Arguments::positional(const std::string& name, const std::string& help, std::vector<std::string>* out) {
  state_->app.add_option(name, *out, help)->required();
}

void Arguments::option(const std::string& flags, const std::string& help, std::string* out) {
  const std::string start = out->empty() ? "" : fmt::format(" [{}]", *out);
  state_->app.add_option(flags, *out, help + start)->type_name("");
  state_->flags.push_back(flags.substr(flags.find("--")));
}

void Arguments::option(const std::string& flags, const std::string& help, std::vector<std::string>* out) {
  state_->app.add_option(flags, *out, help)->type_name("")->expected(1)->allow_extra_args(false)->take_all();
  state_->flags.push_back(flags.substr(flags.find("--")));
}

void Arguments::flag(const std::string& flags, const std::string& help, bool* out) {
  state_->app.add_flag(flags, *out, help);
  state_->flags.push_back(flags.substr(flags.find("--")));
}

void Arguments::fields(const FieldList& fields, const std::vector<std::string>& without) {
  for (const Field& field : fields) {
    if (std::find(without.begin(), without.end(), field.name) != without.end()) continue;
    State::Given& given = state_->given.emplace_back(State::Given{.field = field, .flag = flag_of(field)});
    const std::string help = field.help + default_of(field);
    const bool is_switch = std::holds_alternative<bool*>(field.value);
    given.option = is_switch ? state_->app.add_flag(given.flag, given.on, help)
                             : state_->app.add_option(given.flag, given.words, help)
                                   ->type_name("")
                                   ->expected(1)
                                   ->allow_extra_args(false)
                                   ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    state_->flags.push_back(given.flag);
  }
}

bool Arguments::parse(int argc, char** argv) {
  try {
    state_->app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << state_->app.help();
    return false;
  } catch (const CLI::ParseError& error) {
    throw_invalid("arguments", error.what());
  }
  for (const std::string& extra : state_->app.remaining()) {
    if (extra == "--") continue;
    if (extra.size() < 2 || extra.front() != '-') {
      throw_invalid("arguments", fmt::format("expected no more words but got '{}'; put text in quotes", extra));
    }
    const std::string name = extra.substr(0, extra.find('='));
    const std::string nearest = nearest_name(name, state_->flags);
    const std::string hint = nearest.empty() ? "see --help" : fmt::format("did you mean {}?", nearest);
    throw_invalid("arguments", fmt::format("unknown flag {}; {}", name, hint));
  }
  for (State::Given& given : state_->given) {
    if (given.option->count() == 0) continue;
    const bool is_switch = std::holds_alternative<bool*>(given.field.value);
    require(is_switch || given.words.size() == 1 || takes_several(given.field), given.flag,
            "expected it once but got it {} times", given.words.size());
    if (auto* const* list = std::get_if<std::vector<std::string>*>(&given.field.value)) {
      **list = given.words;  // a comma may be part of a file's name
      continue;
    }
    const std::string text = fmt::format("{}", fmt::join(given.words, ","));
    read_field(given.field, is_switch ? (given.on ? "true" : "false") : text, given.flag);
  }
  return true;
}

std::string nearest_name(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& name : known) {
    const std::size_t distance = name.starts_with(word) && word.size() > 3 ? 1 : edit_distance(word, name);
    if (distance < least) best = name, least = distance;
  }
  return best;
}

}  // namespace hotshot::cli
