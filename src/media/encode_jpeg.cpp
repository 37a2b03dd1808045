#include <csetjmp>
#include <cstdio>
#include <iterator>
#include <utility>

// clang-format off
#include <jpeglib.h>  // behind <cstdio>
// clang-format on

#include "base/error.h"
#include "media/picture_files.h"
#include "media/xmp.h"

namespace hotshot::media {
namespace {

constexpr int kFullColour = 90;  // the quality from which on colour is not halved

// libjpeg leaves errors by longjmp. The function marked "jumps" holds no objects with destructors, so nothing is
// skipped.

struct Failure {
  jpeg_error_mgr manager;  // first: libjpeg knows this part alone
  std::jmp_buf jump;
  char text[JMSG_LENGTH_MAX] = {};
};

void leave(j_common_ptr jpeg) {
  auto* failure = reinterpret_cast<Failure*>(jpeg->err);
  jpeg->err->format_message(jpeg, failure->text);
  std::longjmp(failure->jump, 1);
}
void say_nothing(j_common_ptr) {}

struct Destination {
  jpeg_destination_mgr manager;  // first, as above
  std::string bytes;
  JOCTET block[16 << 10];
};

Destination& destination_of(j_compress_ptr jpeg) { return *reinterpret_cast<Destination*>(jpeg->dest); }

void begin_block(j_compress_ptr jpeg) {
  jpeg->dest->next_output_byte = destination_of(jpeg).block;
  jpeg->dest->free_in_buffer = std::size(destination_of(jpeg).block);
}
boolean take_block(j_compress_ptr jpeg) {
  Destination& destination = destination_of(jpeg);
  destination.bytes.append(reinterpret_cast<const char*>(destination.block), std::size(destination.block));
  begin_block(jpeg);
  return TRUE;
}
void take_rest(j_compress_ptr jpeg) {
  Destination& destination = destination_of(jpeg);
  const std::size_t rest = std::size(destination.block) - destination.manager.free_in_buffer;
  destination.bytes.append(reinterpret_cast<const char*>(destination.block), rest);
}

struct Encoder {
  jpeg_compress_struct jpeg{};
  Failure failure{};
  Destination destination{};
  Encoder() {
    jpeg.err = jpeg_std_error(&failure.manager);
    failure.manager.error_exit = leave;
    failure.manager.output_message = say_nothing;
    destination.manager.init_destination = begin_block;
    destination.manager.empty_output_buffer = take_block;
    destination.manager.term_destination = take_rest;
  }
  ~Encoder() { jpeg_destroy_compress(&jpeg); }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;
};

/// Jumps. `segments` are the contents of `count` APP1 segments. False with encoder.failure.text on an error.
bool write_all(Encoder& encoder, const Frames& frames, int index, int quality, const std::string* segments,
               std::size_t count) {
  jpeg_compress_struct& jpeg = encoder.jpeg;
  if (setjmp(encoder.failure.jump)) return false;
  jpeg_create_compress(&jpeg);
  jpeg.dest = &encoder.destination.manager;
  jpeg.image_width = static_cast<JDIMENSION>(frames.width);
  jpeg.image_height = static_cast<JDIMENSION>(frames.height);
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, quality, TRUE);
  jpeg.optimize_coding = TRUE;
  jpeg.dct_method = JDCT_ISLOW;  // the same on every processor
  if (quality >= kFullColour) jpeg.comp_info[0].h_samp_factor = jpeg.comp_info[0].v_samp_factor = 1;
  jpeg_start_compress(&jpeg, TRUE);
  for (std::size_t i = 0; i < count; ++i) {
    jpeg_write_marker(&jpeg, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>(segments[i].data()),
                      static_cast<unsigned>(segments[i].size()));
  }
  while (jpeg.next_scanline < jpeg.image_height) {
    auto* row = const_cast<JSAMPROW>(frames.frame(index) + std::size_t{jpeg.next_scanline} * frames.width * 3);
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  return true;
}

}  // namespace

Paths write_jpeg_frames(const Clip& clip, const std::filesystem::path& path, const EncodeOptions& options,
                        Progress* progress) {
  const std::vector<std::string> segments = jpeg_xmp_segments({options.recipe, options.digital_source});
  return write_pictures(clip, path, progress, [&](int frame) {
    Encoder encoder;
    ensure(write_all(encoder, clip.frames, frame, options.quality, segments.data(), segments.size()), "encode",
           "libjpeg cannot write a {}x{} picture: {}", clip.frames.width, clip.frames.height, encoder.failure.text);
    return std::move(encoder.destination.bytes);
  });
}

}  // namespace hotshot::media
