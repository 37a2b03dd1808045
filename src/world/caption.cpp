#include "world/caption.h"

#include "base/error.h"
#include "world/caption_choice.h"

namespace hotshot::world {

std::string caption(const Scene& scene, Language language, CaptionLength length, std::uint64_t variant) {
  require(!scene.actors.empty() && scene.actors.size() <= 3, "world.caption", "expected 1 to 3 actors but got {}",
          scene.actors.size());
  const Choice choice(variant);
  return language == Language::english ? english_caption(scene, length, choice)
                                       : chinese_caption(scene, length, choice);
}

}  // namespace hotshot::world
