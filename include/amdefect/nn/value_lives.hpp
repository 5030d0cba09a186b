#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "amdefect/nn/network.hpp"

namespace amdefect::detail {

/// From when to when the values of a network are needed, and which of them backward computes again instead of finding
/// them kept (Chen et al. 2016, arXiv:1604.06174). Those are the outputs of operations that cost little
/// (`MemoryTraits::recompute`) and whose inputs are at hand: kept for another reason or computed again themselves, but
/// in chains of at most `longest_chain` operations: a value at the end of a long one would bring all before it to
/// life at the same time. So of a convolution, a batch norm and a ReLU in a row only the output of the convolution is
/// kept. The steps are those of `Plan`.
template <class T>
class ValueLives {
 public:
  using NetworkNodes = std::vector<typename Network<T>::Node>;
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  static constexpr int longest_chain = 3;

  struct Life {
    std::size_t forward = 0;             ///< the last step before backward that reads the value
    std::size_t first = none, last = 0;  ///< the first and last step of backward that do
    bool again = false;                  ///< computed again before the step `first`
  };

  /// `backward` says which nodes run backward. In inference none does.
  ValueLives(const Network<T>& network, const NetworkNodes& graph, const std::vector<bool>& backward)
      : graph_(graph), backward_(backward), lives_(graph.size()), outputs_(graph.size()) {
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
      for (const Value input : graph_[id].inputs) {
        lives_[input.id].forward = std::max(lives_[input.id].forward, id);
        if (backward_[id] && traits.needs_input) add_read(input.id, backward_step);
      }
    }
  }

  /// How many operations in a row make a value again from what is kept: 0 for what is kept itself.
  std::vector<int> find_chains() const {
    std::vector<int> chains(graph_.size(), 0);
    for (std::size_t id = 0; id < graph_.size(); ++id) {
      if (!graph_[id].operation) continue;  // an input of the network
      const int chain = chain_to(id, chains);
      const bool kept = lives_[id].first != none;
      chains[id] = chain != not_at_hand && chain <= longest_chain && !outputs_[id] ? chain : kept ? 0 : not_at_hand;
    }
    return chains;
  }
  int chain_to(std::size_t id, const std::vector<int>& chains) const {
    if (!graph_[id].operation->traits().recompute) return not_at_hand;
    int longest = 0;
    for (const Value input : graph_[id].inputs) {
      if (chains[input.id] == not_at_hand) return not_at_hand;
      longest = std::max(longest, chains[input.id]);
    }
    return longest + 1;
  }

  const NetworkNodes& graph_;
  const std::vector<bool>& backward_;
  std::vector<Life> lives_;
  std::vector<bool> outputs_;
};

}  // namespace amdefect::detail
