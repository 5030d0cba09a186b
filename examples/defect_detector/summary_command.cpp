#include <iostream>

#include "amdefect/detection/anchor_free/anchor_free_network.hpp"
#include "amdefect/nn/summary.hpp"
#include "commands.hpp"
#include "json_options.hpp"
#include "model_names.hpp"
#include "paper/paper_network.hpp"

namespace amdefect {

void add_summary_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("summary", "Print a network layer by layer");
  auto classes = std::make_shared<Index>(4), size = std::make_shared<Index>(416), channels = std::make_shared<Index>(3);
  auto model = std::make_shared<std::string>("paper");
  const auto add = option_adder(*command);
  add("--model", *model, "Which network")->check(CLI::IsMember(network_names()));
  add("--num_classes", *classes, "Categories, unused ones included (published networks: 1000)")
      ->transform(number_range(1, 10000));
  add("--img_size", *size, "Width and height of the input in pixels (published networks: 224)")
      ->transform(number_range(8, 8192));
  add("--channels", *channels, "Channels of the input")->transform(number_range(1, 64));
  command->callback([=] {
    const auto print = [](const Network<float>& network) { std::cout << summary(network); };
    if (*model == "paper") return print(paper_network<float>(*classes, *size, *channels));
    if (is_published(*model)) {
      const auto or_else = [&](const char* name, Index given, Index published) {
        return command->get_option(name)->count() > 0 ? given : published;
      };
      return print(published_network(*model, or_else("--num_classes", *classes, 1000),
                                     or_else("--img_size", *size, 224), *channels));
    }
    AnchorFreeModel anchor_free = anchor_free_preset(*model);
    anchor_free.classes = *classes;
    anchor_free.channels = *channels;
    anchor_free.require_size("summary: --img_size", *size, *model);
    std::cout << summary(anchor_free_network<float>(anchor_free), Shape{*size, *size, *channels});
  });
}

}  // namespace amdefect
