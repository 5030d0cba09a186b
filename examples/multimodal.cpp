// What further sensors are worth. In generated layers one kind of defect shows in the visible picture only, one in the
// thermal one, one in the sound; detectors that have some of the sensors look for all three.
// multimodal [EPOCHS [SEEDS [LAYERS]]]
#include <cmath>
#include <exception>
#include <iomanip>
#include <iostream>
#include <numbers>
#include <string>

#include "amdefect/core/number_text.hpp"
#include "amdefect/data/memory_source.hpp"
#include "amdefect/detection/training/detector_trainer.hpp"
#include "amdefect/sensors/resample.hpp"
#include "amdefect/sensors/spectrogram.hpp"

using namespace amdefect;

namespace {

constexpr Index side = 64, bands = 4;
const std::vector<std::string> classes{"spatter", "overheating", "keyhole"};  // visible, thermal, sound

/// How much of a defect is at a place, 0 to 1: a spot with a soft border.
double spot(const Box& box, const PicturePoint& at) {
  const double u = (2 * at.x - box.x1 - box.x2) / box.width(), v = (2 * at.y - box.y1 - box.y2) / box.height();
  return 1 / (1 + std::exp(8 * (u * u + v * v - 0.8)));
}
double spots(const std::vector<LabelledBox>& objects, Index label, const PicturePoint& at) {
  double sum = 0;
  for (const LabelledBox& object : objects)
    if (object.label == label) sum += spot(object.box, at);
  return sum;
}

/// One or two defects of each kind that do not touch.
std::vector<LabelledBox> draw_defects(Random& random) {
  std::vector<LabelledBox> objects;
  while (objects.size() < classes.size() + 1) {
    const double width = random.uniform(10, 18), height = random.uniform(10, 18);
    const double x = random.uniform(0, side - width), y = random.uniform(0, side - height);
    const Box box{x, y, x + width, y + height};
    bool free = true;
    for (const LabelledBox& other : objects) free &= intersection(box, other.box).area() == 0;
    const auto count = static_cast<Index>(objects.size());
    if (free) objects.push_back({box, count < 3 ? count : random.integer(3)});
  }
  return objects;
}

/// Grey levels of 8 bits, as float.
BasicImage<float> visible(const std::vector<LabelledBox>& objects, Random& random) {
  BasicImage<float> picture(side, side, 1);
  for (Index y = 0; y < side; ++y)
    for (Index x = 0; x < side; ++x)
      picture(y, x, 0) =
          static_cast<float>(std::round(random.normal(120, 15) + 40 * spots(objects, 0, pixel_centre(y, x))));
  return picture;
}

/// A smaller picture of its own place, in kelvin, brought to the pixels of the visible one.
BasicImage<float> thermal(const std::vector<LabelledBox>& objects, Random& random) {
  const Registration from_visible = registration_of(PictureFrame{0.1, 0, 0}, PictureFrame{0.16, -0.8, -0.4});
  const Registration to_visible = inverse(from_visible);
  BasicImage<float> picture(46, 48, 1);
  for (Index y = 0; y < picture.height(); ++y)
    for (Index x = 0; x < picture.width(); ++x) {
      const PicturePoint at = to_visible(pixel_centre(y, x));
      picture(y, x, 0) = static_cast<float>(random.normal(1500, 12) + 40 * spots(objects, 1, at));
    }
  return resample(picture, from_visible, side, side);
}

/// The sound of a laser that scans row after row, with a tone where it is in a keyhole: a picture of four bands.
BasicImage<float> sound(const std::vector<LabelledBox>& objects, Random& random) {
  constexpr Index per_pixel = 4, window = 32, hop = 16;
  std::vector<float> signal(side * side * per_pixel);
  for (std::size_t i = 0; i < signal.size(); ++i) {
    const double pixel = static_cast<double>(i) / per_pixel, y = std::floor(pixel / side), x = pixel - y * side;
    const double tone = std::sin(2 * std::numbers::pi * 0.3 * static_cast<double>(i));
    signal[i] = static_cast<float>(random.normal() + spots(objects, 2, {x, y + 0.5}) * tone);
  }
  const Tensor<float> looks = spectrogram(signal, {.window = window, .hop = hop, .centred = true});
  const BasicImage<float> rows = scan_picture(frequency_bands(looks, bands), side);
  return resample(rows, stretch_registration(side, side, side, rows.width()), side, side);
}

struct Sensors {
  std::string name;
  bool thermal, sound;
};

/// Layers as the sensors show them; other sensors see the same layers.
std::shared_ptr<const BasicSampleSource<float>> layers(Index count, std::uint64_t seed, const Sensors& sensors) {
  std::vector<BasicSample<float>> samples;
  for (Index i = 0; i < count; ++i) {
    Random random(seed, i);
    const std::vector<LabelledBox> objects = draw_defects(random);
    BasicSample<float> sample{visible(objects, random), objects, {}};
    const BasicImage<float> heat = thermal(objects, random), noise = sound(objects, random);
    if (sensors.thermal) sample.image = stack_channels(sample.image, heat);
    if (sensors.sound) sample.image = stack_channels(sample.image, noise);
    samples.push_back(std::move(sample));
  }
  return std::make_shared<const BasicMemorySource<float>>(std::move(samples));
}

/// AP50 of each class.
std::vector<double> train_and_measure(const Sensors& sensors, Index epochs, std::uint64_t seed, Index count) {
  const auto training = layers(count, 2 * seed, sensors), test = layers(100, 2 * seed + 1, sensors);
  CocoSplits splits;
  splits.train = memory_split("train", classes, *training);
  const CocoSplit test_split = memory_split("test", classes, *test);

  PictureSource pictures{.channels = 1, .channel_names = {"visible"}, .sensors = {1}};
  pictures.open_numbers = [=](const CocoSplit& split) { return split.name == "train" ? training : test; };
  const auto add = [&](const std::string& name, Index channels) {
    for (Index i = 0; i < channels; ++i) pictures.channel_names.push_back(concat(name, '/', i));
    pictures.sensors.push_back(channels);
    pictures.channels += channels;
  };
  if (sensors.thermal) add("thermal", 1);
  if (sensors.sound) add("sound", bands);

  DetectorTrainerOptions options = suggest_options(
      splits, AnchorFreeModel{.stem = 12, .widths = {16, 24}, .blocks = {1, 1}, .pyramid = 16, .levels = 2});
  options.pictures = pictures;
  measure_scale(options, splits);  // mean and deviation of each channel
  options.augment.extra_shift = 0;
  options.epochs = epochs;
  options.seed = seed;
  options.pretrained = "";
  options.flip_test = false;
  const std::unique_ptr<Detector> detector = DetectorTrainer(splits, options).fit();
  std::vector<double> ap50;
  for (const auto& category : evaluate(*detector, test_split, {.pictures = pictures}).metrics.coco.per_category)
    ap50.push_back(category.ap50);
  return ap50;
}

}  // namespace

int main(int argc, char** argv) try {
  const auto number = [&](int i, Index otherwise) {
    return argc > i ? parse_number<Index>(argv[i]).value_or(0) : otherwise;
  };
  const Index epochs = number(1, 16), seeds = number(2, 3), count = number(3, 300);
  if (argc > 4 || epochs < 1 || seeds < 1 || count < 1)
    return std::cerr << "usage: multimodal [EPOCHS [SEEDS [LAYERS]]]\n", 2;
  std::cout << "| sensors | " << classes[0] << " | " << classes[1] << " | " << classes[2] << " | mean |\n"
            << "|---|---|---|---|---|\n"
            << std::fixed << std::setprecision(3);
  for (const Sensors& sensors : {Sensors{"visible", false, false}, Sensors{"visible, thermal", true, false},
                                 Sensors{"visible, sound", false, true}, Sensors{"all", true, true}}) {
    std::vector<double> means(classes.size() + 1);
    for (Index seed = 0; seed < seeds; ++seed) {
      const std::vector<double> ap50 = train_and_measure(sensors, epochs, static_cast<std::uint64_t>(seed), count);
      for (std::size_t i = 0; i < ap50.size(); ++i) {
        means[i] += ap50[i] / static_cast<double>(seeds);
        means.back() += ap50[i] / static_cast<double>(seeds * 3);
      }
    }
    std::cout << "| " << sensors.name;
    for (const double mean : means) std::cout << " | " << mean;
    std::cout << " |" << std::endl;
  }
} catch (const std::exception& error) {
  std::cerr << "multimodal: " << error.what() << '\n';
  return 1;
}
