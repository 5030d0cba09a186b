#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/interrupt.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/core/printable.hpp"
#include "amdefect/data/extra_channels.hpp"
#include "amdefect/data/further_channels.hpp"
#include "amdefect/data/mapped_source.hpp"
#include "amdefect/data/sensor_pictures.hpp"
#include "amdefect/detection/detector.hpp"
#include "amdefect/detection/prediction_files.hpp"
#include "amdefect/image/draw_detections.hpp"
#include "amdefect/image/find_images.hpp"
#include "amdefect/image/image_io.hpp"
#include "amdefect/image/picture_names.hpp"
#include "amdefect/io/file_type.hpp"
#include "amdefect/io/json_text.hpp"
#include "amdefect/io/run_folder.hpp"
#include "amdefect/sensors/sensor_traits.hpp"
#include "amdefect/viz/gallery_page.hpp"

namespace amdefect {

/// The page of `predict_images` shows no more images than this, about 20 MB.
inline constexpr std::size_t most_on_page = 200;

struct PredictImagesOptions {
  DetectOptions detect{};
  std::vector<std::string> extra_image_folders{};  ///< see `further_channels`
  std::shared_ptr<const SensorReader> sensors{};   ///< of further channels as numbers, in place of the folders
  bool pictures = true;                            ///< each image with its boxes, NAME.png
  bool page = false;                               ///< predictions.html, a page of the first images
  std::string subtitle{};                          ///< of the page, e.g. the name of the weights
  bool overwrite = false;               ///< replace what an earlier call has written to the folder; else it is refused
  const InterruptFlag* stop = nullptr;  ///< looked at before each image
  /// Takes a line for each image, and one for whatever fails.
  std::function<void(const std::string&line)> log{}, error{};
};

/// What `predict_images` did.
struct PredictedImages {
  std::size_t given = 0, images = 0;  ///< those that were found, and those that were looked at
  std::size_t objects = 0;
  std::size_t failed = 0;    ///< images that could not be read, looked at, or drawn
  bool interrupted = false;  ///< then there are no lists
};

namespace detail {

/// One call of `predict_images`.
class ImagePrediction {
 public:
  ImagePrediction(const Detector& detector, std::span<const std::filesystem::path> inputs,
                  const std::filesystem::path& folder, const PredictImagesOptions& options)
      : detector_(detector),
        options_(options),
        files_(find_images(inputs)),
        further_(further(detector, options)),
        folder_(checked(folder)) {
    options_.detect.min_score = options.detect.min_score.value_or(detector.score_threshold());
    folder_.begin();
    std::erase_if(files_, [](const auto& file) { return !is_there(file); });  // pictures of before
    lists_.emplace(folder_.path(), detector.labels());
    names_.emplace(folder_.path());
  }

  PredictedImages run() {
    done_.given = files_.size();
    for (std::size_t i = 0; i < files_.size() && !done_.interrupted; ++i) {
      done_.interrupted = options_.stop && *options_.stop;
      if (!done_.interrupted) look_at(i);
    }
    if (done_.interrupted) return done_;
    lists_->commit();
    if (options_.page) write_page();
    return done_;
  }

 private:
  /// @throws Error for options without meaning, before anything is written.
  RunFolder checked(const std::filesystem::path& folder) const {
    detector_.check_options(options_.detect);
    return {folder, prediction_run, options_.overwrite ? EarlierRun::replace : EarlierRun::refuse};
  }

  /// @throws Error for other channels than the detector was trained with.
  static FurtherChannels further(const Detector& detector, const PredictImagesOptions& options) {
    require(!options.sensors || options.extra_image_folders.empty(),
            "predict: extra_image_folders is given beside sensors, which say where all pictures are");
    if (!options.sensors) return further_channels(detector.traits().sensors, options.extra_image_folders);
    const std::vector<std::string> names = options.sensors->channel_names();
    require_same_channels(detector, static_cast<Index>(names.size()), names, true);
    return {{}, options.sensors};
  }

  /// Does some work for an image; if it fails, that is told, and does not stop the others.
  bool attempt(const std::string& image, const std::function<void()>& work) {
    std::string problem;
    try {
      work();
      return true;
    } catch (const FileError& error) {  // names it
      problem = error.what();
    } catch (const std::bad_alloc&) {
      problem = printable(concat(image, ": there is not enough memory"));
    } catch (const std::exception& error) {
      problem = printable(concat(image, ": ", error.what()));
    }
    ++done_.failed;
    if (options_.error) options_.error(problem);
    return false;
  }

  /// What is seen of an image.
  struct Look {
    Image image;  ///< its own red, green and blue
    std::vector<Detection> found;
    std::string missing;  ///< says which sensors are
  };
  Look find_in(const std::filesystem::path& file) const {
    if (!further_.reader) {
      Image image = load_image(file);
      const Image all = with_extra_channels(image, file, further_.folders);
      return {std::move(image), detector_.detect(pixels(all), options_.detect), ""};
    }
    const std::vector<std::filesystem::path> files = further_.reader->files(file.string(), file);
    const Image16 image = load_image_16(file);
    BasicImage<float> numbers = further_.reader->read(image, file, files);
    fill_unknown(numbers, detector_.traits().pixel_scaling);
    return {to_8_bit(pixels(image)), detector_.detect(pixels(numbers), options_.detect),
            missing_channels_text(further_.reader->missing(files))};
  }

  void look_at(std::size_t index) {
    const std::string file = files_[index].string();
    Look look;
    const auto detect = [&] {
      require<FileError>(is_utf8(file), file, ": its name is not UTF-8, which the lists cannot hold");
      look = find_in(files_[index]);
    };
    if (!attempt(file, detect)) return;
    const Image& image = look.image;  // no structured binding: a lambda captures these
    const std::vector<Detection>& found = look.found;
    ++done_.images;
    done_.objects += found.size();
    lists_->add({static_cast<std::int64_t>(index) + 1, file, image.width(), image.height()}, found);
    std::string line = concat(printable(file), ": ", quantity(found.size(), "object"));
    if (!look.missing.empty()) line += concat(" (", look.missing, ')');
    const auto draw = [&] {
      const std::string name = names_->next(files_[index]);
      folder_.add_file(name);
      save_image(folder_.path() / name, draw_detections(image, found, detector_.labels().class_names,
                                                        {.score_threshold = *options_.detect.min_score}));
      line += " -> " + printable((folder_.path() / name).string());
    };
    if (options_.pictures) attempt(file, draw);
    if (options_.log) options_.log(line);
    if (!options_.page || gallery_.size() == most_on_page) return;
    GalleryItem item{.name = files_[index].filename().string(), .picture = make_gallery_picture(image)};
    for (const Detection& detection : found) item.detections.push_back({detection});
    gallery_.push_back(std::move(item));
  }

  void write_page() const {
    const bool all = gallery_.size() == done_.images;
    const std::string limit = all ? "" : concat("; the first ", gallery_.size(), " of ", done_.images, " images");
    write_gallery(folder_.path() / "predictions.html", "Predictions", options_.subtitle + limit, gallery_,
                  detector_.labels().class_names, *options_.detect.min_score);
  }

  const Detector& detector_;
  PredictImagesOptions options_;
  std::vector<std::filesystem::path> files_;
  FurtherChannels further_;
  RunFolder folder_;
  std::optional<PredictionFiles> lists_;
  std::optional<PictureNames> names_;
  std::vector<GalleryItem> gallery_;
  PredictedImages done_;
};

}  // namespace detail

/// What `amdefect predict` does: finds objects in images, or all images of folders, and writes the lists of
/// PredictionFiles, pictures and a page into a folder, which is this call's alone (see RunFolder). An image that cannot
/// be read, or whose picture cannot be written, does not stop the others.
/// @throws FileError for inputs that are not there and for lists that cannot be written, Error for options without
/// meaning and for other channels than the detector was trained with.
inline PredictedImages predict_images(const Detector& detector, std::span<const std::filesystem::path> inputs,
                                      const std::filesystem::path& folder, const PredictImagesOptions& options = {}) {
  return detail::ImagePrediction(detector, inputs, folder, options).run();
}

}  // namespace amdefect
