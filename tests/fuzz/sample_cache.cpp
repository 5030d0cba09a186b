#include "amdefect/data/sample_cache.hpp"

#include "fuzz_target.hpp"

namespace {

using namespace amdefect;

/// A file of the cache behind its first words and before its check sum, which are in order.
void fuzz_sample_cache(std::span<const std::uint8_t> input) {
  BasicSample<std::uint8_t> pixel;
  pixel.image = Image(1, 1, 1);
  const Bytes sound = detail::encode_sample("k", pixel);
  constexpr std::size_t start = sizeof detail::cache_magic<std::uint8_t> + sizeof(Index) + 1;
  Bytes bytes(sound.begin(), sound.begin() + start);
  bytes.insert(bytes.end(), input.begin(), input.end());
  const std::uint32_t sum = crc32(bytes);
  const auto* tail = reinterpret_cast<const std::uint8_t*>(&sum);
  bytes.insert(bytes.end(), tail, tail + sizeof sum);
  const auto sample = detail::decode_sample<std::uint8_t>("k", bytes);
  promise(!sample || sample->image.bytes().size() <= input.size());
}

const RegisterFuzzTarget sample_cache_target("sample_cache", fuzz_sample_cache);

}  // namespace
