// Exact sentences for a scene: everything said is in the picture.
#pragma once

#include <cstdint>
#include <string>

#include "world/scene.h"

namespace hotshot::world {

enum class Language : std::uint8_t { english, chinese };
/// brief: who and where ("a red car in the snow"). medium: who does what, where, plus night/sunset and weather.
/// full: also the camera, speed and, by day, the time.
enum class CaptionLength : std::uint8_t { brief, medium, full };

/// One of several phrasings, UTF-8; `variant` (any number) picks it deterministically.
std::string caption(const Scene& scene, Language language, CaptionLength length, std::uint64_t variant);

}  // namespace hotshot::world
