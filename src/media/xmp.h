// XMP (ISO 16684-1): the packet in which files say what they are, and where each container keeps it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/byte_reader.h"

namespace hotshot::media {

/// What is said in a packet; empty parts are left out.
struct Xmp {
  std::string recipe = {};          // as EncodeOptions
  std::string digital_source = {};  // IPTC Iptc4xmpExt:DigitalSourceType
  std::string extension = {};       // xmpNote:HasExtendedXMP: the name of what goes on elsewhere in a JPEG
  bool empty() const { return recipe.empty() && digital_source.empty() && extension.empty(); }
};

/// What says it: the element x:xmpmeta, and the packet around it.
std::string xmp_element(const Xmp& xmp);
std::string xmp_packet(const Xmp& xmp);
/// And back (of packets of others too; empty where they do not say it).
std::optional<std::string> recipe_of_xmp(std::string_view packet);
std::optional<std::string> source_of_xmp(std::string_view packet);
std::optional<std::string> extension_of_xmp(std::string_view packet);

/// The packet of a file; empty where there is none. InvalidArgument where the file is damaged.
std::optional<std::string> mp4_xmp(const ByteReader& file);   // top-level box `uuid`
std::optional<std::string> gif_xmp(const ByteReader& file);   // application extension "XMP DataXMP"
std::optional<std::string> webp_xmp(const ByteReader& file);  // chunk "XMP "
std::optional<std::string> png_xmp(const ByteReader& file);   // iTXt "XML:com.adobe.xmp"
std::optional<std::string> jpeg_xmp(const ByteReader& file);  // APP1, the extension behind the packet if it is whole

/// The contents of the APP1 segments that hold `xmp` in a JPEG, none where it is empty. What one segment cannot hold is
/// an extension in further ones. InvalidArgument for a digital source that is longer than a segment.
std::vector<std::string> jpeg_xmp_segments(const Xmp& xmp);

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
