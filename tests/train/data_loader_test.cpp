#include "amdefect/train/data_loader.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <string>

#include "amdefect/train/tensor_dataset.hpp"

using namespace amdefect;

namespace {

/// Input: [sample, a random number]; target: [10 sample]. Loading takes an irregular time and can fail on request.
class Numbers : public Dataset<double> {
 public:
  explicit Numbers(Index size, Index first_bad = -1) : size_(size), first_bad_(first_bad) {}
  Index size() const override { return size_; }
  Shape sample_shape() const override { return {2}; }
  std::vector<Shape> target_shapes() const override { return {{1}}; }
  void load(Index sample, Random& random, TensorView<double> x,
            std::span<const TensorView<double>> targets) const override {
    ++loads;
    if (slow) std::this_thread::sleep_for(std::chrono::microseconds(sample * 7919 % 600));
    if (first_bad_ >= 0 && sample >= first_bad_) throw Error(concat("sample ", sample, " is broken"));
    x[0] = static_cast<double>(sample);
    x[1] = random.uniform();
    targets[0][0] = static_cast<double>(10 * sample);
  }
  mutable std::atomic<int> loads = 0;
  bool slow = true;

 private:
  Index size_, first_bad_;
};

std::vector<double> epoch_values(DataLoader<double>& loader, Index epoch) {
  std::vector<double> values;
  loader.start_epoch(epoch);
  while (const Batch<double>* batch = loader.next()) {
    CHECK(batch->target(0).shape() == Shape{batch->size(), 1});
    for (Index i = 0; i < batch->size(); ++i) {
      CHECK(batch->target(0)(i, 0) == 10 * batch->x()(i, 0));
      values.push_back(batch->x()(i, 0));
      values.push_back(batch->x()(i, 1));
    }
  }
  CHECK(loader.next() == nullptr);
  return values;
}

}  // namespace

TEST_CASE("no result depends on the number of workers or on prefetching") {
  const Numbers data(37);
  DataLoader<double> serial(data, {.batch_size = 5, .seed = 3, .workers = 0});
  const std::vector<double> first = epoch_values(serial, 0), second = epoch_values(serial, 1);
  CHECK(first.size() == 74);
  CHECK(first != second);
  for (const int workers : {1, 2, 5})
    for (const Index prefetch : {1, 4, 100}) {
      DataLoader<double> loader(data, {.batch_size = 5, .seed = 3, .workers = workers, .prefetch = prefetch});
      CHECK(epoch_values(loader, 1) == second);  // resume: epoch 1 without having run epoch 0
      CHECK(epoch_values(loader, 0) == first);
    }
  DataLoader<double> other_seed(data, {.batch_size = 5, .seed = 4, .workers = 0});
  CHECK(epoch_values(other_seed, 0) != first);
}

TEST_CASE("the order and the random numbers are new in every epoch and with every seed") {
  Numbers data(40);
  data.slow = false;
  std::set<std::vector<double>> orders;
  std::set<double> drawn;
  for (const std::uint64_t seed : {1u, 2u}) {
    DataLoader<double> loader(data, {.batch_size = 7, .seed = seed, .workers = 0});
    for (const Index epoch : {0, 1, 2}) {
      const std::vector<double> values = epoch_values(loader, epoch);
      std::vector<double> order;
      for (std::size_t i = 0; i < values.size(); i += 2) {
        order.push_back(values[i]);
        drawn.insert(values[i + 1]);
      }
      orders.insert(order);
    }
  }
  CHECK(orders.size() == 6);
  CHECK(drawn.size() == 6 * 40);  // every sample has its own
}

TEST_CASE("every sample comes once per epoch, in order when not shuffled") {
  const Numbers data(10);
  for (const bool shuffle : {false, true}) {
    DataLoader<double> loader(data, {.batch_size = 4, .shuffle = shuffle, .workers = 2});
    CHECK(loader.batches() == 3);
    std::vector<double> seen;
    const std::vector<double> values = epoch_values(loader, 0);
    for (std::size_t i = 0; i < values.size(); i += 2) seen.push_back(values[i]);
    CHECK(std::set<double>(seen.begin(), seen.end()).size() == 10);
    CHECK(std::is_sorted(seen.begin(), seen.end()) == !shuffle);
  }
}

TEST_CASE("the last batch is short, or left out") {
  const Numbers data(10);
  DataLoader<double> all(data, {.batch_size = 4, .workers = 1});
  DataLoader<double> full(data, {.batch_size = 4, .workers = 1, .drop_last = true});
  std::vector<Index> sizes;
  all.start_epoch(0);
  while (const Batch<double>* batch = all.next()) sizes.push_back(batch->size());
  CHECK(sizes == std::vector<Index>{4, 4, 2});
  CHECK(full.batches() == 2);
  CHECK(full.samples() == 8);
  CHECK(epoch_values(full, 0).size() == 16);
}

TEST_CASE("batches live in memory that is allocated once") {
  Numbers data(64);
  data.slow = false;
  DataLoader<double> loader(data, {.batch_size = 4, .workers = 2, .prefetch = 2});
  std::set<const double*> places;
  for (Index epoch = 0; epoch < 5; ++epoch) {
    loader.start_epoch(epoch);
    while (const Batch<double>* batch = loader.next()) places.insert(batch->x().data());
  }
  CHECK(places.size() == 3);
  DataLoader<double> serial(data, {.batch_size = 4, .workers = 0, .prefetch = 2});  // has nothing ready ahead
  places.clear();
  serial.start_epoch(0);
  while (const Batch<double>* batch = serial.next()) places.insert(batch->x().data());
  CHECK(places.size() == 1);
  const Batch<double> room(data, 5);
  CHECK(room.size() == 5);
  CHECK(room.x().shape() == Shape{5, 2});
  CHECK(room.target(0).shape() == Shape{5, 1});
}

TEST_CASE("the first error of a batch reaches the caller, whatever the number of workers") {
  const Numbers data(20, 7);
  for (const int workers : {0, 1, 4}) {
    DataLoader<double> loader(data, {.batch_size = 5, .shuffle = false, .workers = workers});
    for (int attempt = 0; attempt < 2; ++attempt) {
      loader.start_epoch(attempt);
      CHECK(loader.next() != nullptr);
      CHECK_THROWS_WITH_AS(loader.next(), "sample 7 is broken", Error);
      CHECK(loader.next() == nullptr);
    }
  }
}

TEST_CASE("an epoch can be abandoned and a loader destroyed while its workers are busy") {
  const Numbers data(200);
  for (int run = 0; run < 10; ++run) {
    DataLoader<double> loader(data, {.batch_size = 8, .workers = 3, .prefetch = 3});
    if (run % 2) continue;
    loader.start_epoch(0);
    CHECK(loader.next() != nullptr);
    loader.start_epoch(1);
    for (int i = 0; i < run; ++i) loader.next();
  }
}

TEST_CASE("waiting time is measured") {
  const Numbers data(30);
  DataLoader<double> loader(data, {.batch_size = 10, .workers = 0});
  epoch_values(loader, 0);
  CHECK(loader.seconds_waited() > 0);
  DataLoader<double> ahead(data, {.batch_size = 10, .workers = 2, .prefetch = 3});
  ahead.start_epoch(0);
  while (data.loads < 60) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // longer than any load
  while (ahead.next()) {
  }
  CHECK(ahead.seconds_waited() < loader.seconds_waited());
}

TEST_CASE("options without meaning are refused") {
  const Numbers data(3), none(0);
  CHECK_THROWS_WITH_AS(DataLoader<double>(data, {.batch_size = 0}),
                       "data loader: the batch size must be positive, got 0", Error);
  CHECK_THROWS_AS(DataLoader<double>(data, {.workers = -1}), Error);
  CHECK_THROWS_AS(DataLoader<double>(data, {.prefetch = 0}), Error);
  CHECK_THROWS_WITH_AS(DataLoader<double>(none, {}), "data loader: the dataset is empty", Error);
  CHECK_THROWS_AS(DataLoader<double>(data, {.batch_size = 4, .drop_last = true}), Error);
}

TEST_CASE("a dataset of tensors yields its rows") {
  Tensor<float> x({3, 2, 2}), y({3, 1});
  for (Index i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  for (Index i = 0; i < y.size(); ++i) y[i] = static_cast<float>(i * 100);
  std::vector<Tensor<float>> targets;
  targets.push_back(std::move(y));
  const TensorDataset<float> data(std::move(x), std::move(targets));
  DataLoader<float> loader(data, {.batch_size = 2, .shuffle = false});
  loader.start_epoch(0);
  CHECK(loader.next()->x().shape() == Shape{2, 2, 2});
  const Batch<float>* last = loader.next();
  CHECK(last->x()(0, 1, 1) == 11);
  CHECK(last->target(0)(0, 0) == 200);
  std::vector<Tensor<float>> wrong;
  wrong.emplace_back(Shape{4, 1});
  CHECK_THROWS_AS(TensorDataset<float>(Tensor<float>({3, 2}), std::move(wrong)), ShapeError);
}

TEST_CASE("the shards of an epoch are disjoint, cover it, and have equally many batches") {
  for (const Index size : {12, 37, 40, 41, 43})
    for (const Index count : {1, 2, 3, 5})
      for (const bool drop_last : {false, true}) {
        CAPTURE(size);
        CAPTURE(count);
        CAPTURE(drop_last);
        if (drop_last && size < 4 * count) continue;
        Numbers data(size);
        data.slow = false;
        DataLoader<double> whole(data, {.batch_size = 4 * count, .seed = 3, .workers = 0, .drop_last = drop_last});
        whole.start_epoch(2);
        std::vector<std::unique_ptr<DataLoader<double>>> shards;
        for (Index i = 0; i < count; ++i) {
          shards.push_back(std::make_unique<DataLoader<double>>(
              data,
              LoaderOptions{.batch_size = 4, .seed = 3, .workers = 1, .drop_last = drop_last, .shard = {i, count}}));
          shards.back()->start_epoch(2);
        }
        Index samples = 0;
        for (Index b = 0; b < shards[0]->batches(); ++b) {
          // Batch b of all shards together is batch b of the whole, samples and their random numbers.
          const Batch<double>* all = whole.next();
          REQUIRE(all != nullptr);
          std::set<std::pair<double, double>> expected, found;
          for (Index i = 0; i < all->size(); ++i) expected.emplace(all->x()(i, 0), all->x()(i, 1));
          for (const auto& shard : shards) {
            const Batch<double>* batch = shard->next();
            REQUIRE(batch != nullptr);
            CHECK(batch->size() > 0);
            for (Index i = 0; i < batch->size(); ++i) found.emplace(batch->x()(i, 0), batch->x()(i, 1));
            samples += batch->size();
          }
          CHECK(found == expected);
        }
        Index promised = 0;
        for (const auto& shard : shards) {
          CHECK(shard->next() == nullptr);
          CHECK(shard->batches() == shards[0]->batches());
          promised += shard->samples();
        }
        CHECK(promised == samples);
        const Index rest = size % (4 * count);
        CHECK(size - samples == (drop_last || rest < count ? rest : 0));  // fewer than one for each shard
      }
  const Numbers data(3);
  CHECK_THROWS_WITH_AS(DataLoader<double>(data, {.shard = {2, 2}}), "data loader: there is no shard 2 of 2", Error);
  CHECK_THROWS_AS(DataLoader<double>(data, {.shard = {0, 0}}), Error);
  CHECK_THROWS_WITH_AS(DataLoader<double>(data, {.shard = {0, 4}}),
                       "data loader: 3 samples cannot be shared by 4 shards", Error);
}
