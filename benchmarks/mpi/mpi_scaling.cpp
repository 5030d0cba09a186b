// Times training steps on the processes that MPI starts:
//     mpirun -n 2 mpi_scaling NETWORK [BATCH [STEPS [THREADS [GBIT]]]]
// NETWORK is dense-n (crops of 256 x 256) or paper (416 x 416), BATCH the images of each process. One process alone
// also prints what a model predicts for many machines (docs/scaling.md), on networks of GBIT Gbit/s.
#include <chrono>
#include <iostream>
#include <string>

#include "amdefect/amdefect.hpp"
#include "amdefect/detection/anchor_free/random_boxes.hpp"
#include "amdefect/mpi/mpi_group.hpp"
#include "cost_model.hpp"
#include "paper/paper_loss.hpp"
#include "paper/paper_network.hpp"

namespace {

using namespace amdefect;
using namespace amdefect::bench;

struct Problem {
  Network<float> network;
  LossFunction<float> loss;
  Batch<float> batch;
};

Problem make_problem(const std::string& name, Index batch) {
  Random random(1);
  if (name == "paper") {
    Network<float> network = paper_network<float>();
    network.initialize(0);
    return {std::move(network), paper_loss<float>(),
            Batch<float>(tensor_list(random_pixels({batch, 416, 416, 3}, random)),
                         tensor_list(Tensor<float>({batch, 100, 4}), Tensor<float>({batch, 100, 4})))};
  }
  require(name == "dense-n", "mpi_scaling: expected dense-n or paper, got '", name, "'");
  AnchorFreeModel model = anchor_free_n();
  model.classes = 3;
  Network<float> network = anchor_free_network<float>(model);
  initialize_anchor_free(network, model, 0);
  return {std::move(network), anchor_free_loss<float>(model, {.threads = 1}),
          Batch<float>(random_pixels({batch, 256, 256, 3}, random), random_boxes(batch, 256, 20, 24, random))};
}

/// The parts of a step of one process, the middle ones of several.
StepCost cost_of(Problem& problem, int threads, std::size_t bucket_bytes) {
  using Clock = std::chrono::steady_clock;
  const auto seconds_since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  Parameters<float>& parameters = problem.network.parameters();
  auto workspace = Workspace<float>::for_training(problem.network, {.threads = threads});
  detail::BatchLoss<float> loss(problem.loss);
  Adam<float> adam;
  std::vector<double> forward, backward, update;
  std::vector<std::vector<double>> complete(parameters.count());
  for (int step = 0; step < 5; ++step) {
    auto start = Clock::now();
    workspace.forward(problem.batch.inputs());
    loss.evaluate(workspace, problem.batch.targets());
    forward.push_back(seconds_since(start));
    start = Clock::now();
    workspace.backward([&](const Parameter& p) {
      complete[static_cast<std::size_t>(&p - parameters.list().data())].push_back(seconds_since(start));
    });
    backward.push_back(seconds_since(start));
    start = Clock::now();
    adam.step(parameters, 1e-4, threads);
    update.push_back(seconds_since(start));
  }
  StepCost cost{median(forward), median(backward), median(update), {}, 0};
  const detail::GradientBuckets list(parameters, static_cast<Index>(bucket_bytes / sizeof(float)));
  for (const auto& [begin, end, count] : list.buckets)
    cost.buckets.push_back({sizeof(float) * static_cast<double>(end - begin), 0});
  for (std::size_t id = 0; id < parameters.count(); ++id) {
    const Parameter& p = parameters[id];
    if (p.statistic) cost.statistics += sizeof(double) * static_cast<double>(p.size());
    if (!p.trainable) continue;
    double& ready = cost.buckets[list.bucket_of[id]].ready;
    ready = std::max(ready, median(complete[id]));
  }
  return cost;
}

void print_model(const StepCost& cost, Index batch, const std::vector<double>& rates) {
  std::cout << "one process alone: forward " << decimal_number(1e3 * cost.forward, 1) << " ms, backward "
            << decimal_number(1e3 * cost.backward, 1) << ", update " << decimal_number(1e3 * cost.update, 1)
            << "; buckets, kB at ms of backward:";
  for (const Bucket& bucket : cost.buckets)
    std::cout << ' ' << decimal_number(1e-3 * bucket.bytes, 0) << " at " << decimal_number(1e3 * bucket.ready, 1)
              << ';';
  std::cout << "\npredicted images/s (speed-up / processes, share of communication that is hidden)\nprocesses";
  for (const double gbit : rates) std::cout << "  " << gbit << " Gbit/s";
  std::cout << '\n';
  for (double processes = 2; processes <= 1024; processes *= 2) {
    std::cout << processes;
    for (const double gbit : rates) {
      const Prediction p = predict_step(cost, {gbit < 50 ? 50e-6 : 5e-6, gbit * 125e6}, processes);
      std::cout << " | " << decimal_number(processes * static_cast<double>(batch) / p.step, 0) << " ("
                << decimal_number(100 * cost.alone() / p.step, 0) << " %, "
                << decimal_number(100 * (1 - p.waited / p.communication), 0) << " %)";
    }
    std::cout << '\n';
  }
}

int run(const std::shared_ptr<ProcessGroup>& group, int argc, char** argv) {
  const auto number = [&](int i, Index otherwise) {
    return argc > i ? read_number<Index>(argv[i], 1, 1 << 20, "mpi_scaling: ") : otherwise;
  };
  require(argc > 1, "mpi_scaling: expected NETWORK [BATCH [STEPS [THREADS [GBIT]]]]");
  const Index batch = number(2, 16), steps = number(3, 20);
  const auto threads = static_cast<int>(number(4, 1));
  Problem problem = make_problem(argv[1], batch);
  Trainer<float> trainer(problem.network, Adam<float>(1e-4), problem.loss,
                         {.batch_size = batch, .execution = {.threads = threads}, .group = group});
  for (int i = 0; i < 2; ++i) trainer.step(problem.batch);
  const CommunicationTime before = trainer.communication();
  group->barrier();
  const auto start = std::chrono::steady_clock::now();
  for (Index i = 0; i < steps; ++i) trainer.step(problem.batch);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!trainer.leads()) return 0;
  const auto size = static_cast<double>(group->size()), count = static_cast<double>(steps);
  std::cout << argv[1] << ", " << group->size() << " processes of " << threads << " threads, batch " << batch
            << " each: " << decimal_number(size * static_cast<double>(batch) * count / seconds, 2) << " images/s, "
            << decimal_number(1e3 * seconds / count, 1) << " ms a step";
  if (group->size() > 1) {
    const CommunicationTime after = trainer.communication();
    const double total = after.total - before.total, waited = after.waited - before.waited;
    std::cout << "; gradients under way " << decimal_number(1e3 * total / count, 1) << " ms, waited for "
              << decimal_number(1e3 * waited / count, 1) << " ms: " << decimal_number(100 * (1 - waited / total), 0)
              << " % hidden";
  }
  std::cout << std::endl;
  std::vector<double> rates{1, 10, 100};
  if (argc > 5) rates = {read_number(argv[5], 1e-3, 1e6, "mpi_scaling: ")};
  if (group->size() == 1) print_model(cost_of(problem, threads, TrainerOptions{}.bucket_bytes), batch, rates);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return mpi_main(argc, argv, [&](const std::shared_ptr<ProcessGroup>& group) { return run(group, argc, argv); });
}
