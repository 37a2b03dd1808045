#include "weights/atomic_folder.h"

#include "base/error.h"
#include "base/file.h"

namespace hotshot::weights {

namespace fs = std::filesystem;

AtomicFolder::AtomicFolder(fs::path final_path) : final_(fs::absolute(final_path).lexically_normal()) {
  if (!final_.has_filename()) final_ = final_.parent_path();
  require(!fs::exists(fs::symlink_status(final_)), "weights", "expected a new folder but {} is there already",
          final_.string());
  make_folders(final_.parent_path(), "weights");
  hidden_ = final_.parent_path() / fmt::format(".{}.partial", final_.filename().string());
  std::error_code error;
  fs::remove_all(hidden_, error);
  require(fs::create_directory(hidden_, error), "weights", "cannot create {}: {}", hidden_.string(), error.message());
}

AtomicFolder::~AtomicFolder() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(hidden_, ignored);
}

void AtomicFolder::commit() {
  std::error_code error;
  fs::rename(hidden_, final_, error);
  ensure(!error, "weights", "cannot put {} in place: {}", final_.string(), error.message());
  committed_ = true;
}

}  // namespace hotshot::weights
