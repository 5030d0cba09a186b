#pragma once

#include <hdf5.h>
#include <liblzf/lzf.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "amdefect/peregrine/hdf5_handle.hpp"

namespace amdefect {

/// The number of h5py's LZF filter among those that are registered with the HDF Group, and what h5py writes behind it:
/// the versions of its filter and of LZF, and the bytes of a chunk.
inline constexpr H5Z_filter_t lzf_filter = 32000;
inline constexpr unsigned lzf_filter_version = 4, lzf_version = 0x0105;

/// Unpacks what LZF packed. @return false unless that gives `unpacked.size()` bytes.
inline bool unpack_lzf(std::span<const std::uint8_t> packed, std::span<std::uint8_t> unpacked) {
  return ::lzf_decompress(packed.data(), static_cast<unsigned>(packed.size()), unpacked.data(),
                          static_cast<unsigned>(unpacked.size())) == unpacked.size();
}

namespace detail {

/// As libhdf5 calls a filter: takes a buffer of `bytes`, gives another; 0 says that it failed, and the chunk is then
/// stored as it is.
inline std::size_t lzf_hdf5_filter(unsigned flags, std::size_t count, const unsigned* values, std::size_t bytes,
                                   std::size_t* buffer_bytes, void** buffer) {
  const bool unpack = (flags & H5Z_FLAG_REVERSE) != 0;
  if (unpack && count < 3) return 0;
  const std::size_t room = unpack ? values[2] : bytes;
  void* const out = std::malloc(room > 0 ? room : 1);  // as libhdf5 frees it. NOLINT(cppcoreguidelines-no-malloc)
  if (!out) return 0;
  const unsigned written =
      unpack ? ::lzf_decompress(*buffer, static_cast<unsigned>(bytes), out, static_cast<unsigned>(room))
             : ::lzf_compress(*buffer, static_cast<unsigned>(bytes), out, static_cast<unsigned>(room));
  if (written == 0) {
    std::free(out);  // NOLINT(cppcoreguidelines-no-malloc)
    return 0;
  }
  std::free(*buffer);  // NOLINT(cppcoreguidelines-no-malloc)
  *buffer = out;
  *buffer_bytes = room;
  return written;
}

}  // namespace detail

/// Lets libhdf5 read and write data sets that h5py packed with `compression="lzf"`; the filter is no part of it.
/// @throws Error if it refuses.
inline void register_lzf() {
  const Hdf5Turn turn;
  static const bool known = [] {
    static const H5Z_class2_t filter{H5Z_CLASS_T_VERS,       lzf_filter, 1, 1, "lzf", nullptr, nullptr,
                                     detail::lzf_hdf5_filter};
    return H5Zfilter_avail(lzf_filter) > 0 || H5Zregister(&filter) >= 0;
  }();
  require(known, "libhdf5 does not take the filter LZF", known ? "" : hdf5_reason());
}

}  // namespace amdefect
