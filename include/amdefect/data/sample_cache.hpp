#pragma once

#include <cstring>
#include <filesystem>
#include <iomanip>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/data/sample.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/io/checksum.hpp"
#include "amdefect/io/file_bytes.hpp"
#include "amdefect/io/file_type.hpp"

namespace amdefect {

/// Where a CachedSource keeps samples.
struct CacheOptions {
  /// Images are kept in memory up to this many bytes; 0 keeps none.
  std::size_t memory_bytes = std::size_t{2} << 30;
  /// Folder for a file per sample, made if missing; empty: nothing is kept on disk.
  std::filesystem::path folder{};
};

namespace detail {

// A cache file: magic, key, placement, shape, objects, pixels, and the CRC-32 of all that; numbers as in memory. One
// that was written by another version or on another kind of machine, or that is damaged, does not match and counts as
// missing.
template <PixelType P>
inline constexpr char cache_magic[] = "amdefect sample 1";
template <>
inline constexpr char cache_magic<std::uint16_t>[] = "amdefect sample16";
template <>
inline constexpr char cache_magic<float>[] = "amdefect samplefp";

inline void append_raw(Bytes& bytes, const void* data, std::size_t size) {
  const auto* from = static_cast<const std::uint8_t*>(data);
  bytes.insert(bytes.end(), from, from + size);
}
template <class Number>
void append_number(Bytes& bytes, Number number) {
  append_raw(bytes, &number, sizeof number);
}

template <PixelType P>
Bytes encode_sample(const std::string& key, const BasicSample<P>& sample) {
  Bytes bytes;
  append_raw(bytes, cache_magic<P>, sizeof cache_magic<P>);
  append_number(bytes, static_cast<Index>(key.size()));
  append_raw(bytes, key.data(), key.size());
  append_number(bytes, sample.placement);
  for (const Index dim : sample.image.shape()) append_number(bytes, dim);
  append_number(bytes, static_cast<Index>(sample.objects.size()));
  for (const LabelledBox& object : sample.objects) append_raw(bytes, &object, sizeof object);
  append_raw(bytes, sample.image.values().data(), sample.image.values().size_bytes());
  append_number(bytes, crc32(bytes));
  return bytes;
}

/// nullptr unless `bytes` are what `encode_sample` made for this key.
template <PixelType P>
std::shared_ptr<const BasicSample<P>> decode_sample(const std::string& key, const Bytes& bytes) {
  std::uint32_t sum = 0;
  if (bytes.size() < sizeof sum) return nullptr;
  const std::size_t end = bytes.size() - sizeof sum;
  std::memcpy(&sum, bytes.data() + end, sizeof sum);
  if (crc32(std::span(bytes).first(end)) != sum) return nullptr;
  std::size_t at = 0;
  const auto take = [&](void* to, std::size_t size) {
    if (size > end - at) return false;
    if (size > 0) std::memcpy(to, bytes.data() + at, size);
    at += size;
    return true;
  };
  char magic[sizeof cache_magic<P>];
  Index key_size = 0, height = 0, width = 0, channels = 0, objects = 0;
  if (!take(magic, sizeof magic) || std::memcmp(magic, cache_magic<P>, sizeof magic) != 0) return nullptr;
  if (!take(&key_size, sizeof key_size) || key_size != static_cast<Index>(key.size())) return nullptr;
  std::string stored_key(key.size(), '\0');
  if (!take(stored_key.data(), key.size()) || stored_key != key) return nullptr;
  auto sample = std::make_shared<BasicSample<P>>();
  if (!take(&sample->placement, sizeof sample->placement)) return nullptr;
  for (Index* number : {&height, &width, &channels, &objects})
    if (!take(number, sizeof *number)) return nullptr;
  const auto fits = [&](Index count, std::size_t size) {  // before memory is taken for it
    return count >= 0 && static_cast<std::size_t>(count) <= (end - at) / size;
  };
  if (!fits(objects, sizeof(LabelledBox))) return nullptr;
  sample->objects.resize(static_cast<std::size_t>(objects));
  for (LabelledBox& object : sample->objects)
    if (!take(&object, sizeof object)) return nullptr;
  if (height <= 0 || width <= 0 || channels <= 0 || !fits(width, static_cast<std::size_t>(height)) ||
      !fits(channels, static_cast<std::size_t>(height * width) * sizeof(P)))
    return nullptr;
  sample->image = BasicImage<P>(height, width, channels);
  if (!take(sample->image.values().data(), sample->image.values().size_bytes()) || at != end) return nullptr;
  return sample;
}

}  // namespace detail

/// Remembers the samples of another source: in memory as bytes, on disk when asked. Several threads and several
/// processes may use one folder: entries appear as a whole, and an unsound one is made anew.
template <PixelType P>
class BasicCachedSource final : public BasicSampleSource<P> {
 public:
  /// @throws FileError if the folder cannot be made.
  BasicCachedSource(std::shared_ptr<const BasicSampleSource<P>> source, CacheOptions options)
      : source_(std::move(source)), options_(std::move(options)), kept_(static_cast<std::size_t>(source_->size())) {
    if (!options_.folder.empty()) make_folder(options_.folder);
  }

  Index size() const override { return source_->size(); }
  std::string key(Index index) const override { return source_->key(index); }
  std::string name(Index index) const override { return source_->name(index); }
  std::vector<LabelledBox> objects(Index index) const override { return source_->objects(index); }
  std::vector<std::vector<Index>> blocks() const override { return source_->blocks(); }
  /// Bytes of the images in memory.
  std::size_t bytes_in_memory() const {
    const std::lock_guard lock(mutex_);
    return used_;
  }

  /// @throws FileError also when a cache file cannot be written.
  std::shared_ptr<const BasicSample<P>> load(Index index) const override {
    std::shared_ptr<const BasicSample<P>>& kept = kept_[static_cast<std::size_t>(index)];
    {
      const std::lock_guard lock(mutex_);
      if (kept) return kept;
    }
    std::shared_ptr<const BasicSample<P>> sample =
        options_.folder.empty() ? source_->load(index) : load_through_disk(index);
    const std::size_t bytes = sample->image.values().size_bytes();
    const std::lock_guard lock(mutex_);
    if (!kept && used_ + bytes <= options_.memory_bytes) {
      kept = sample;
      used_ += bytes;
    }
    return sample;
  }

 private:
  std::shared_ptr<const BasicSample<P>> load_through_disk(Index index) const {
    const std::string key = source_->key(index);
    const std::filesystem::path file =
        options_.folder / concat(std::hex, std::setw(16), std::setfill('0'), fnv1a(key), ".sample");
    if (is_file(file)) {
      try {
        if (auto sample = detail::decode_sample<P>(key, read_bytes(file))) return sample;
      } catch (const FileError&) {
        // Unreadable, or just being replaced: as if it were not there.
      }
    }
    std::shared_ptr<const BasicSample<P>> sample = source_->load(index);
    write_bytes(file, detail::encode_sample(key, *sample));
    return sample;
  }

  std::shared_ptr<const BasicSampleSource<P>> source_;
  CacheOptions options_;
  mutable std::mutex mutex_;  // guards what follows
  mutable std::vector<std::shared_ptr<const BasicSample<P>>> kept_;
  mutable std::size_t used_ = 0;
};
using CachedSource = BasicCachedSource<std::uint8_t>;

}  // namespace amdefect
