#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "amdefect/core/error.hpp"
#include "amdefect/image/bmp_structure.hpp"
#include "amdefect/image/jpeg_structure.hpp"
#include "amdefect/image/png_structure.hpp"

/// The outer structure of image files. The decoder (stb_image) fills what a truncated file lacks with grey, ignores
/// check sums and EXIF, and reads only the usual kinds of each format; what it leaves out is done here, before it runs.
namespace amdefect::detail {

/// What a file is that is no JPEG, PNG or BMP, as far as its first bytes tell, as the end of a sentence; else empty.
inline std::string_view foreign_format(const ByteReader& reader) {
  struct Signature {
    std::size_t offset;
    std::string_view text, name;
  };
  constexpr std::array<Signature, 39> known{{
      {0, "GIF8", "a GIF file"},
      {0, std::string_view("II*\0", 4), "a TIFF file"},
      {0, std::string_view("MM\0*", 4), "a TIFF file"},
      {0, std::string_view("II+\0", 4), "a BigTIFF file"},
      {0, std::string_view("MM\0+", 4), "a BigTIFF file"},
      {8, "WEBP", "a WebP file"},
      {4, "ftypavif", "an AVIF file"},
      {4, "ftypavis", "an AVIF file"},
      {4, "ftyphei", "a HEIC file"},
      {4, "ftyphev", "a HEIC file"},
      {4, "ftypmif1", "a HEIF file"},
      {4, "ftypmsf1", "a HEIF file"},
      {4, "ftyp", "a video file (MP4)"},
      {4, "jP  ", "a JPEG 2000 file"},
      {0, "\xff\x4f\xff\x51", "a JPEG 2000 file"},
      {0, "\xff\x0a", "a JPEG XL file"},
      {4, "JXL ", "a JPEG XL file"},
      {0, "II\xbc", "a JPEG XR file"},
      {0, "8BPS", "a Photoshop file (PSD)"},
      {0, "\x8aMNG", "an MNG file"},
      {0, std::string_view("\0\0\1\0", 4), "an icon file (ICO)"},
      {0, "DDS ", "a DDS file"},
      {0, std::string_view("\0\5\x16\7", 4), "what macOS keeps about a file (AppleDouble), not the image itself"},
      {0, "\x76\x2f\x31\x01", "an OpenEXR file"},
      {0, "#?RADIANCE", "a Radiance HDR file"},
      {0, "SIMPLE  =", "a FITS file"},
      {128, "DICM", "a DICOM file"},
      {0, "%PDF", "a PDF file"},
      {0, "%!PS", "a PostScript file"},
      {0, "PK\x03\x04", "a ZIP archive"},
      {0, "version https://git-lfs", "a pointer of Git LFS, not the image itself (git lfs pull)"},
      {0, "<svg", "an SVG file"},
      {0, "<?xml", "an XML file, perhaps SVG"},
      {0, "<!DOCTYPE", "an HTML page"},
      {0, "<!doctype", "an HTML page"},
      {0, "<html", "an HTML page"},
      {0, "/* XPM */", "an XPM file"},
      {0, std::string_view("(\0\0\0", 4), "a bitmap without the header of BMP files (DIB)"},
      {0, "\x0a\x05\x01", "a PCX file"},
  }};
  for (const Signature& signature : known)
    if (reader.has_text(signature.offset, signature.text)) return signature.name;
  const bool portable = reader.size() > 2 && reader.byte(0) == 'P' && reader.byte(1) >= '1' && reader.byte(1) <= '7';
  const bool ends_word = portable && (reader.byte(2) == '\n' || reader.byte(2) == ' ' || reader.byte(2) == '\r');
  return ends_word ? "a PBM, PGM, PPM or PAM file" : "";
}

/// Refuses what is not a whole JPEG, PNG or BMP file. @throws FileError
inline ImageHeader check_image_file(std::span<const std::uint8_t> bytes, const std::string& name) {
  require<FileError>(!bytes.empty(), name, ": is empty, expected an image");
  const ByteReader jpeg(bytes, name, "JPEG"), png(bytes, name, "PNG"), bmp(bytes, name, "BMP");
  if (jpeg.has_text(0, "\xff\xd8\xff")) return check_jpeg(jpeg);
  if (png.has_text(0, "\x89PNG\r\n\x1a\n")) return check_png(png);
  if (bmp.has_text(0, "BM")) return check_bmp(bmp);
  const std::string_view format = foreign_format(jpeg);
  require<FileError>(format.empty(), name, ": is ", format, ", expected JPEG, PNG or BMP");
  throw FileError(name + ": is not an image of a known format (JPEG, PNG or BMP)");
}

}  // namespace amdefect::detail
