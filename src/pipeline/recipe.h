// What a file says of how it was made: enough to make it again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pipeline/finish.h"
#include "pipeline/request.h"

namespace hotshot::pipeline {

/// Name and version of this program, as recipes say it.
inline constexpr std::string_view kEngine = "hotshot 0.1.0";
inline constexpr std::string_view kVersion = kEngine.substr(kEngine.find(' ') + 1);

struct Recipe {
  std::string engine;            // who made it
  std::string model;             // the name of its folder
  std::string digest;            // weights::folder_digest of it
  GenerateRequest request = {};  // of this one clip, settled
  Finish finish = {};            // of its file
};

/// The recipe of the clip of `plan` with `seed`. Says nothing of threads, since the bytes do not depend on them.
Recipe recipe_of(const Plan& plan, std::uint64_t seed, std::string model, std::string digest);

/// JSON of one line, UTF-8:
/// {"engine":…,"format":"hotshot-recipe-1","model":{"digest":…,"name":…},"request":{"frames":24,…}},
/// "files" by their names alone where the request has some, and "finish" where the file is not made as usual.
std::string write_recipe(const Recipe& recipe);

/// The inverse; files come out as names without a folder. Throws InvalidArgument, "[where] …", for text that is no
/// recipe or one of a later format.
Recipe parse_recipe(std::string_view json, std::string_view where);

}  // namespace hotshot::pipeline
