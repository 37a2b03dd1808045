// XMP (ISO 16684-1): the packet in which files say what they are, and where each container keeps it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "media/byte_reader.h"

namespace hotshot::media {

/// What is said in a packet; empty parts are left out.
struct Xmp {
  std::string recipe = {};          // as EncodeOptions
  std::string digital_source = {};  // IPTC Iptc4xmpExt:DigitalSourceType
  bool empty() const { return recipe.empty() && digital_source.empty(); }
};

/// The packet that says it, and back (of packets of others too; empty where they do not say it).
std::string xmp_packet(const Xmp& xmp);
std::optional<std::string> recipe_of_xmp(std::string_view packet);
std::optional<std::string> source_of_xmp(std::string_view packet);

/// The packet of a file; empty where there is none. InvalidArgument where the file is damaged.
std::optional<std::string> mp4_xmp(const ByteReader& file);   // top-level box `uuid`
std::optional<std::string> gif_xmp(const ByteReader& file);   // application extension "XMP DataXMP"
std::optional<std::string> webp_xmp(const ByteReader& file);  // chunk "XMP "
std::optional<std::string> png_xmp(const ByteReader& file);   // iTXt "XML:com.adobe.xmp"

/// The first iTXt of a PNG with this keyword, neither compressed nor in a language.
std::optional<std::string> png_itxt(const ByteReader& file, std::string_view keyword);

inline constexpr std::string_view kPngXmpKeyword = "XML:com.adobe.xmp";
/// Type of the MP4 box, 16 bytes.
inline constexpr std::string_view kMp4XmpType = "\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC";
/// How the GIF extension begins: its identifier as a sub-block of 11 bytes.
inline constexpr std::string_view kGifXmpName = "\x0BXMP DataXMP";
/// What ends the packet in a GIF: whichever of its bytes a reader takes for a length, it lands on the last one.
std::string gif_xmp_trailer();

}  // namespace hotshot::media
