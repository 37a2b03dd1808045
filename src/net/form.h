// Bodies of forms: multipart/form-data (RFC 7578) and application/x-www-form-urlencoded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "net/http.h"

namespace hotshot::net {

struct FormPart {
  std::string name;       // as sent: "input_reference[image_url]"
  bool is_file = false;   // has a file name
  std::string file_name;  // as sent: never part of a path
  std::string type;       // as sent: never trusted
  Content content;
};

struct FormLimits {
  int max_parts = 64;
  std::uint64_t max_field_bytes = 1u << 20;  // of a part that is no file
  std::uint64_t max_file_bytes = 256u << 20;
  std::uint64_t memory_file = 256 << 10;  // larger files go to `spool`
  std::filesystem::path spool = {};
};

/// The parts of a request's body, by its content-type. HttpError 400 for a malformed body or missing boundary, 413
/// for one over a limit, 415 for another type. A urlencoded body is measured whole by max_field_bytes.
std::vector<FormPart> parse_form(const Request& request, const FormLimits& limits);

}  // namespace hotshot::net
