#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "amdefect/nn/network.hpp"

namespace amdefect::detail {

/// From when to when the values of a network are needed, and which of them backward computes again instead of finding
/// them kept (Chen et al. 2016, arXiv:1604.06174). Those are outputs of operations that cost little
/// (`MemoryTraits::recompute`) whose inputs are at hand: kept for another reason, or computed again themselves. So of
/// a convolution, a batch norm and a ReLU in a row only the output of the convolution is kept. The steps are those of
/// `Plan`.
template <class T>
class ValueLives {
 public:
  using NetworkNodes = std::vector<typename Network<T>::Node>;
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  struct Life {
    std::size_t forward = 0;             ///< the last step before backward that reads the value
    std::size_t first = none, last = 0;  ///< the first and last step of backward that do
    bool again = false;                  ///< computed again before the step `first`
  };

  /// `shapes` are those of all values; `backward` says which nodes run backward, in inference none.
  ValueLives(const Network<T>& network, const NetworkNodes& graph, const std::vector<Shape>& shapes,
             const std::vector<bool>& backward, Recompute recompute)
      : graph_(graph),
        shapes_(shapes),
        backward_(backward),
        recompute_(recompute),
        lives_(graph.size()),
        work_(graph.size()),
        outputs_(graph.size()) {
    for (const auto& output : network.outputs()) outputs_[output.value.id] = true;
    find_reads();
    const std::vector<int> chains = find_chains();
    for (std::size_t id = graph_.size(); id-- > 0;) {  // readers come behind, so all of a value are known here
      lives_[id].again = chains[id] > 0 && lives_[id].first != none;
      if (lives_[id].again)
        for (const Value input : graph_[id].inputs) add_read(input.id, lives_[id].first);
    }
  }

  const Life& operator[](std::size_t id) const { return lives_[id]; }
  /// The last step that reads what forward has written.
  std::size_t end(std::size_t id) const {
    const Life& life = lives_[id];
    return life.first == none || life.again ? life.forward : std::max(life.forward, life.last);
  }

 private:
  static constexpr int not_at_hand = -1;
  /// At the end of a longer chain of operations a value would bring all before it to life at the same time.
  static constexpr int longest_chain = 3;
  /// A pass over memory takes about the time of so many multiply-adds for each element, and is cheap beside as many in
  /// the gradients of the operations that read the value.
  static constexpr Index macs_of_a_pass = 20;

  void add_read(std::size_t id, std::size_t step) {
    Life& life = lives_[id];
    life.first = life.first == none ? step : std::min(life.first, step);
    life.last = std::max(life.last, step);
  }

  void find_reads() {
    const std::size_t loss = graph_.size();
    for (std::size_t id = 0; id < graph_.size(); ++id) {
      lives_[id].forward = outputs_[id] ? loss : id;
      if (!graph_[id].operation) continue;
      const MemoryTraits traits = graph_[id].operation->traits();
      const std::size_t backward_step = 2 * loss - id;
      if (backward_[id] && traits.needs_output) add_read(id, backward_step);
      const Index macs = backward_[id] && traits.needs_input ? macs_of(id) : 0;
      const std::vector<Value>& inputs = graph_[id].inputs;
      for (const Value& input : inputs) {
        lives_[input.id].forward = std::max(lives_[input.id].forward, id);
        if (!backward_[id] || !traits.needs_input) continue;
        if (!traits.needs_other_inputs && &input != &inputs.front()) continue;
        add_read(input.id, backward_step);
        work_[input.id] += macs;
      }
    }
  }
  Index macs_of(std::size_t id) const {
    std::vector<Shape> inputs;
    for (const Value input : graph_[id].inputs) inputs.push_back(shapes_[input.id]);
    return graph_[id].operation->macs(inputs);
  }

  /// How many operations in a row make a value again from what is kept: 0 for what is kept itself.
  std::vector<int> find_chains() const {
    std::vector<int> chains(graph_.size(), 0);
    for (std::size_t id = 0; id < graph_.size(); ++id) {
      if (!graph_[id].operation) continue;  // an input of the network
      const int chain = chain_to(id, chains);
      const bool read = lives_[id].first != none;
      const bool again = chain != not_at_hand && chain <= longest_chain && (!read || pays(id, chain));
      chains[id] = again ? chain : read ? 0 : not_at_hand;
    }
    return chains;
  }
  int chain_to(std::size_t id, const std::vector<int>& chains) const {
    if (outputs_[id] || !graph_[id].operation->traits().recompute) return not_at_hand;
    int longest = 0;
    for (const Value input : graph_[id].inputs) {
      if (chains[input.id] == not_at_hand) return not_at_hand;
      longest = std::max(longest, chains[input.id]);
    }
    return longest + 1;
  }
  bool pays(std::size_t id, int chain) const {
    if (recompute_ != Recompute::cheap) return recompute_ == Recompute::all;
    return work_[id] >= macs_of_a_pass * chain * shapes_[id].elements();
  }

  const NetworkNodes& graph_;
  const std::vector<Shape>& shapes_;
  const std::vector<bool>& backward_;
  Recompute recompute_;
  std::vector<Life> lives_;
  std::vector<Index> work_;  // multiply-adds of a forward pass of those whose backward reads a value
  std::vector<bool> outputs_;
};

}  // namespace amdefect::detail
