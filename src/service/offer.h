// One model as clients see it, whoever runs it: what it can make, and what becomes of a request for it.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/request.h"

namespace hotshot::service {

/// What a model can make. Sizes, fps and lengths are there for every model that can be used.
struct Abilities {
  std::vector<pipeline::PixelSize> sizes;  // it was made for; the first is its own
  int size_step = 0;                       // smaller ones work too, both sides multiples of this; 0: they do not
  int fps = 0;
  double seconds = 0;                      // of a clip where nothing is said
  double good_seconds = 0;                 // the longest that is as good as the others
  double max_seconds = 0;                  // the longest it makes at all
  std::vector<double> lengths = {};        // in seconds, rising: only these; empty: any
  std::vector<std::string> takes = {};     // settings besides size and length, by their names in a GenerateRequest
  std::optional<int> steps = {};           // where nothing is said; empty: not known here
  std::optional<double> guidance = {};     // as above
  std::string sampler = {};                // as above
  std::vector<std::string> samplers = {};  // to choose from
  bool world = false;                      // was trained on the cartoon world

  bool takes_setting(std::string_view name) const;
};

/// A request that was understood: what to store of it.
struct Planned {
  std::string model = {};
  std::string kind = "video";
  std::string lane = {};          // whose workers make it (store::NewJob)
  nlohmann::json requested = {};  // as asked, in the words of pipeline::GenerateRequest, and "model"
  nlohmann::json effective = {};  // settled, and "model"; without the seed
  nlohmann::json warnings = nlohmann::json::array();
  std::optional<std::uint64_t> seed = {};  // of the first clip; empty where the model takes none
  int count = 1;
};

struct Offer {
  virtual ~Offer() = default;
  /// Fills in Planned's effective, warnings, seed and lane. InvalidArgument, "[field] …", for what cannot be made.
  virtual void plan(const pipeline::GenerateRequest& request, Planned& planned) const = 0;

  std::string name;
  std::string provider = {};    // who runs it; empty: this machine
  std::string problem = {};     // why it cannot be used; empty: it can
  std::int64_t changed_ms = 0;  // when its files last changed; 0: not known
  Abilities abilities = {};
};

using OfferPointer = std::shared_ptr<const Offer>;

/// As GET /api/v1/models says it.
nlohmann::json model_json(const Offer& offer, bool is_default);

}  // namespace hotshot::service
