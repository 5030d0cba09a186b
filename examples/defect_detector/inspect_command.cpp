#include <iostream>

#include "amdefect/data/annotation_check.hpp"
#include "amdefect/data/image_io.hpp"
#include "commands.hpp"

namespace amdefect {

namespace {

/// Reads every image; names those that cannot be decoded or have another size than their entry says.
Index count_unsound_images(const CocoSplit& split) {
  Index unsound = 0;
  for (std::size_t i = 0; i < split.image_files.size(); ++i) try {
      const Image image = load_image(split.image_files[i]);
      const CocoImage& entry = split.coco.images[i];
      require<FileError>(entry.width == 0 || (entry.width == image.width() && entry.height == image.height()),
                         split.image_files[i].string(), ": is ", image.width(), 'x', image.height(),
                         " pixels large, its entry says ", entry.width, 'x', entry.height);
    } catch (const Error& error) {
      std::cout << "  " << error.what() << '\n';
      ++unsound;
    }
  return unsound;
}

int inspect(const std::string& path, std::uint64_t seed) {
  const CocoSplits splits = read_coco_splits(path, {.seed = seed});
  Index unsound = 0;
  for (const auto* split : {&splits.train, &splits.valid, &splits.test}) {
    if (!*split) continue;
    std::cout << to_text(check_annotations(**split));
    unsound += count_unsound_images(**split);
  }
  const std::pair<const std::optional<CocoSplit>*, const std::optional<CocoSplit>*> pairs[] = {
      {&splits.train, &splits.valid}, {&splits.train, &splits.test}, {&splits.valid, &splits.test}};
  for (const auto& [a, b] : pairs)
    if (*a && *b)
      for (const auto& [first, second] : identical_images(**a, **b))
        std::cout << "the same image is in two splits: " << first.string() << " and " << second.string() << '\n';
  return unsound > 0 ? 1 : 0;
}

}  // namespace

void add_inspect_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("inspect", "Look for mistakes in a COCO data set");
  auto path = std::make_shared<std::string>();
  auto seed = std::make_shared<std::uint64_t>(0);
  command->add_option("dataset", *path, "A folder with splits, or one JSON file")->required();
  command->add_option("--seed", *seed, "Of the split of a single annotation file")->capture_default_str();
  command->callback([=] {
    if (const int code = inspect(*path, *seed)) throw CLI::RuntimeError(code);
  });
}

}  // namespace amdefect
