// Files as answers, with what players and caches ask for: parts (RFC 9110, section 14), validators, names.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "net/http.h"

namespace hotshot::net {

struct FileInfo {
  std::filesystem::path path = {};
  std::uint64_t size = 0;
  std::string type = {};  // "video/mp4"
  std::string etag = {};  // without quotes; strong
  std::string download_name =
      {};                    // UTF-8; not empty: Content-Disposition attachment (RFC 6266, filename and filename*)
  bool inline_name = false;  // "inline" instead of "attachment"
  std::string cache_control = "private, max-age=31536000, immutable";
};

/// The value of Content-Disposition (RFC 6266): a name of plain ASCII for all, and the true one where it differs.
std::string content_disposition(const FileInfo& file);

/// 200, 206 for a single satisfiable Range (If-Range honoured), 416 for an unsatisfiable one, 304 for a known ETag.
/// More than one range is answered whole, which the standard allows and which keeps range attacks harmless.
Response file_response(const Request& request, const FileInfo& file);

}  // namespace hotshot::net
