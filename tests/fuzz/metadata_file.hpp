#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "amdefect/io/safetensors.hpp"

/// A safetensors file that was never on a disk.
inline amdefect::SafetensorsFile safetensors_in_memory(const std::vector<amdefect::TensorEntry>& entries,
                                                       const amdefect::SafetensorsMetadata& metadata) {
  std::vector<const amdefect::TensorEntry*> order;
  for (const auto& entry : entries) order.push_back(&entry);
  const std::string header = amdefect::detail::safetensors_header_text(order, metadata);
  const std::uint64_t length = header.size();
  std::vector<std::byte> bytes;
  const auto append = [&](std::span<const std::byte> part) { bytes.insert(bytes.end(), part.begin(), part.end()); };
  append(std::as_bytes(std::span(&length, 1)));
  append(std::as_bytes(std::span(header)));
  for (const auto& entry : entries) append(entry.bytes);
  return {"input", std::move(bytes)};
}
