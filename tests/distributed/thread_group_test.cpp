#include "amdefect/distributed/thread_group.hpp"

#include <doctest/doctest.h>

#include <atomic>

#include "amdefect/core/error.hpp"
#include "amdefect/distributed/share.hpp"
#include "error_of.hpp"

using namespace amdefect;

TEST_CASE("a group of threads sums in the order of the ranks, and all get the same") {
  run_as_group(3, [](const std::shared_ptr<ProcessGroup>& group) {
    std::vector<double> values{1.0 + group->rank(), 10};
    group->all_reduce_sum(values);
    CHECK(values == std::vector<double>{6, 30});
    std::vector<float> narrow{static_cast<float>(group->rank())};
    group->all_reduce_sum(narrow);
    CHECK(narrow[0] == 3);
    CHECK(share(*group, 7.0 + group->rank(), 2) == 9);
    CHECK(share(*group, std::string(static_cast<std::size_t>(group->rank()), 'x'), 1) == "x");
    CHECK(share_best(*group, concat("rank ", group->rank()), group->rank() == 1 ? 2 : 1) == "rank 1");
    const auto all = gather(*group, std::vector<double>(static_cast<std::size_t>(group->rank()), 0.5));
    CHECK(all == std::vector<std::vector<double>>{{}, {0.5}, {0.5, 0.5}});
  });
}

TEST_CASE("a channel carries calls of a second thread beside those of the first") {
  run_as_group(2, [](const std::shared_ptr<ProcessGroup>& group) {
    const std::unique_ptr<ProcessGroup> channel = group->channel();
    std::vector<double> beside{1}, values{2};
    std::thread second([&] { channel->all_reduce_sum(beside); });
    // The first process waits for its second thread before it comes: with one meeting for both this would never end.
    if (group->rank() == 0) second.join();
    group->all_reduce_sum(values);
    if (group->rank() == 1) second.join();
    CHECK(beside[0] == 2);
    CHECK(values[0] == 4);
  });
  run_as_group(
      2, [](const std::shared_ptr<ProcessGroup>& group) { CHECK(group->channel() == nullptr); }, false);
}

TEST_CASE("what one thread of a group throws ends the others, and is thrown again") {
  std::atomic<int> ended{0};
  const auto fails = [&](const std::shared_ptr<ProcessGroup>& group) {
    if (group->rank() == 1) throw Error("no more paper");
    try {
      group->barrier();
    } catch (const Error& error) {
      CHECK(std::string(error.what()) == "process 1 failed: no more paper");
      ++ended;
      throw;
    }
  };
  CHECK(error_of([&] { run_as_group(3, fails); }) == "no more paper");
  CHECK(ended == 2);
  CHECK(error_of([] {
          run_as_group(2, [](const std::shared_ptr<ProcessGroup>& group) {
            std::vector<double> values(group->rank() == 0 ? 1 : 2);
            group->all_reduce_sum(values);
          });
        }).find("a collective call with") != std::string::npos);
}
