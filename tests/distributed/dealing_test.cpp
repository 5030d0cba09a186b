#include <doctest/doctest.h>

#include "amdefect/train/data_loader.hpp"
#include "distributed/shapes_run.hpp"

using namespace amdefect;

TEST_CASE("shards to which batches are dealt show all batches of one loader, none twice") {
  for (const Index samples : {1, 7, 8, 9, 23, 24})
    for (const Index count : {1, 2, 3, 5})
      for (const int workers : {0, 2}) {
        CAPTURE(samples);
        CAPTURE(count);
        const shapes::Pictures<float> pictures(samples);
        DataLoader<float> whole(pictures, {.batch_size = 4, .shuffle = false, .workers = 0});
        std::vector<std::unique_ptr<DataLoader<float>>> shards;
        Index shown = 0;
        for (Index index = 0; index < count; ++index) {
          shards.push_back(std::make_unique<DataLoader<float>>(
              pictures,
              LoaderOptions{
                  .batch_size = 4, .shuffle = false, .workers = workers, .shard = {index, count, Dealing::batches}}));
          CHECK(shards.back()->all_batches() == whole.batches());
          shown += shards.back()->samples();
          shards.back()->start_epoch(0);
        }
        CHECK(shown == samples);
        whole.start_epoch(0);
        for (Index b = 0; const Batch<float>* expected = whole.next(); ++b) {
          const Batch<float>* found = shards[static_cast<std::size_t>(b % count)]->next();
          REQUIRE(found != nullptr);
          REQUIRE(found->size() == expected->size());
          CHECK((found->x().array() == expected->x().array()).all());
        }
        for (const auto& shard : shards) CHECK(shard->next() == nullptr);
      }
}
