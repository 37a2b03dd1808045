// What was measured, for people and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "evaluation/world_suite.h"

namespace hotshot::evaluation {

/// A table of text: a row for each attribute, a column for each split and language, then the calibrations; below it
/// what is one number. Attributes that the judge cannot read are marked and stand last.
std::string report_table(const WorldReport& report);

/// Everything, with every clip's wanted and read answers by name.
nlohmann::json report_json(const WorldReport& report);

/// A page of its own: the table, and the clips with what was asked and what was read. `files[i]` is where clip i of the
/// report lies, seen from the page (a .webp, .gif or .mp4), empty for none.
std::string report_page(const WorldReport& report, const std::vector<std::string>& files);

}  // namespace hotshot::evaluation
