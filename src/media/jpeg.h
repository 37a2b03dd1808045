// What JPEG files say beside their pixels, which libav decodes.
#pragma once

#include "media/byte_reader.h"
#include "media/orientation.h"

namespace hotshot::media {

/// How the picture is to be turned by the Orientation of its Exif (CIPA DC-008, 4.6.4 A); not at all where it says
/// none that makes sense.
Orientation jpeg_orientation(const ByteReader& file);

/// Throws InvalidArgument unless every segment up to the end of the picture is there; libav fills up a cut JPEG.
void check_jpeg_complete(const ByteReader& file);

}  // namespace hotshot::media
