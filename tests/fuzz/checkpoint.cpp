#include <memory>

#include "amdefect/losses/mean_squared_error.hpp"
#include "amdefect/nn/layers.hpp"
#include "amdefect/optim/adam.hpp"
#include "amdefect/train/callbacks/checkpoint.hpp"
#include "amdefect/train/callbacks/early_stopping.hpp"
#include "amdefect/train/callbacks/weight_average.hpp"
#include "amdefect/train/tensor_dataset.hpp"
#include "amdefect/train/trainer.hpp"
#include "fuzz_target.hpp"
#include "metadata_file.hpp"

namespace {

using namespace amdefect;

Sequential<float> tiny_net() {
  Sequential<float> net({1});
  net.add(Dense<float>(1));
  net.initialize(1);
  return net;
}

/// The numbers of a training state, a line `name=numbers` each; the tensors are in order. A run that takes the state
/// goes on to its end.
void fuzz_checkpoint(std::span<const std::uint8_t> input) {
  Sequential<float> net = tiny_net();
  SafetensorsMetadata metadata;
  for (std::string_view rest = text_of(input); !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::size_t mark = std::min(line.find('='), line.size());
    metadata[std::string(training_state_prefix) + std::string(line.substr(0, mark))] =
        line.substr(std::min(line.size(), mark + 1));
  }
  std::vector<TensorEntry> entries = weight_entries(net.parameters());
  const Tensor<float> memory(net.parameters().values().shape());
  for (const char* name : {"optimizer.m", "optimizer.v", "early_stopping.best_weights", "weight_average"})
    entries.push_back(safetensors_entry(std::string(training_state_prefix) + name, memory.view()));
  Trainer<float> trainer(
      net, Adam<float>(), ReduceOnPlateau(0.01, {.factor = 0.5, .patience = 1, .min_delta = 0, .cooldown = 1}),
      mean_squared_error(), {.epochs = 3, .batch_size = 2, .workers = 0, .execution = {.threads = 1}});
  trainer.add(EarlyStopping<float>({.monitor = "loss", .patience = 3}));
  trainer.add(WeightAverage<float>(std::make_shared<Network<float>>(tiny_net())));
  trainer.add(Checkpoint<float>(CheckpointOptions{}));
  trainer.restore(load_checkpoint(safetensors_in_memory(entries, metadata), net.parameters()));
  const TrainingState<float> state = trainer.state();
  Tensor<float> x({4, 1}), y({4, 1});
  x.view().fill(1);
  trainer.fit(TensorDataset<float>(std::move(x), std::move(y)));
}

const RegisterFuzzTarget checkpoint_target("checkpoint", fuzz_checkpoint);

}  // namespace
