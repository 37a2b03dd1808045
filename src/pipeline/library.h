// Where models lie, by name.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hotshot::pipeline {

/// A folder of model folders.
struct ModelRoot {
  std::filesystem::path path;
  bool own = false;  // of this user: import and remove work here
};

/// A model that was found by its name; perhaps not a sound one.
struct ModelEntry {
  std::string name;
  std::filesystem::path path;
  bool own = false;
};

/// The model that is used when none is named.
inline constexpr std::string_view kDefaultModel = "act-one-mini";

/// Where names are looked up, in this order: $HOTSHOT_MODELS, ./models, <program>/../models and
/// ~/.local/share/hotshot/models ($XDG_DATA_HOME). The first and the last are the user's own.
std::vector<ModelRoot> model_roots();

/// Every folder with a model_index.json directly below a root; of equal names the first.
std::vector<ModelEntry> list_models(const std::vector<ModelRoot>& roots);

/// The folder of `name_or_path`: a path when it has a '/' or is a model folder, else the model of that name. Throws
/// InvalidArgument that lists the known names.
std::filesystem::path find_model(const std::string& name_or_path, const std::vector<ModelRoot>& roots);

/// Where a new model called `name` is to be put: in the first own root, which is made if need be. Throws
/// InvalidArgument for a name that is no plain word or is taken.
std::filesystem::path place_for_model(const std::string& name, const std::vector<ModelRoot>& roots);

/// Makes the model folder `source` known as `name` (empty: the folder's own name) in the first own root, as a link or
/// a whole copy. The caller has checked that it is a sound model. Returns where it lies now.
std::filesystem::path import_model(const std::filesystem::path& source, const std::string& name, bool copy,
                                   const std::vector<ModelRoot>& roots);

/// Takes the model out of an own root: a link is removed and what it points to stays; a folder is deleted only with
/// `delete_files`. Throws InvalidArgument for names not there.
void remove_model(const std::string& name, bool delete_files, const std::vector<ModelRoot>& roots);

}  // namespace hotshot::pipeline
