#include <algorithm>
#include <csignal>
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/printable.hpp"
#include "amdefect/kernels/simd_level.hpp"
#include "amdefect/version.hpp"
#include "coco_eval_command.hpp"
#include "commands.hpp"
#include "json_options.hpp"
#include "layers/layers_command.hpp"
#include "processes/processes.hpp"

namespace {

/// The arguments with the options' names as the subcommand has them: `-` and `_` mean the same in them. What is no
/// known option stays as it is, and so does all behind `--`.
std::vector<std::string> with_known_names(const CLI::App& program, int argc, char** argv) {
  std::vector<std::string> arguments(argv, argv + argc);
  const CLI::App* command = &program;
  for (std::size_t i = 1; i < arguments.size() && arguments[i] != "--"; ++i) {
    std::string& argument = arguments[i];
    if (command == &program && !argument.starts_with("-")) {
      const auto called = program.get_subcommands([&](const CLI::App* sub) { return sub->get_name() == argument; });
      if (called.empty()) break;
      command = called.front();
    } else if (argument.starts_with("--")) {
      const std::size_t end = std::min(argument.find('='), argument.size());
      const std::string known = amdefect::option_name(*command, argument.substr(2, end - 2));
      if (!known.empty()) argument = "--" + known + argument.substr(end);
    }
  }
  return arguments;
}

/// The exit code, unless what was printed is lost.
int printed(int code) {
  std::cout.flush();
  if (std::cout.good()) return code;
  std::cerr << "amdefect: error: cannot write to the standard output\n";
  return 1;
}

// Exit codes: 0 success, 1 bad data or a failure while working, 2 wrong use of the command line or the environment, 130
// interrupted.
int run_program(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file that grows beyond `ulimit -f` is an error of writing, with a message
  try {
    static_cast<void>(amdefect::simd_level());  // before there is any work
  } catch (const amdefect::Error& error) {
    std::cerr << "amdefect: " << error.what() << '\n';
    return 2;
  }
  CLI::App program{"amdefect: trains, evaluates and runs detectors of defects in images, on the CPU", "amdefect"};
  program.require_subcommand(1);
  program.set_version_flag("--version", amdefect::concat("amdefect ", amdefect::version));
  program.set_help_all_flag("--help-all", "Print the options of all subcommands");
  for (const auto add : {amdefect::add_summary_command, amdefect::add_synth_command, amdefect::add_inspect_command,
                         amdefect::add_train_command, amdefect::add_eval_command, amdefect::add_predict_command,
                         amdefect::add_review_command, amdefect::add_layers_command, amdefect::add_coco_eval_command,
                         amdefect::add_bench_command})
    add(program);
  try {
    std::vector<std::string> arguments = with_known_names(program, argc, argv);
    arguments.erase(arguments.begin());
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
    program.parse(std::move(arguments));
    return printed(0);
  } catch (const CLI::RuntimeError& ending) {  // a subcommand asks for an exit code
    return printed(ending.get_exit_code());
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return printed(program.exit(error));  // --help, --version
    // CLI11 misses the subcommand before it looks at the word that stands in its place.
    const bool unknown = program.get_subcommands().empty() && argc > 1 && argv[1][0] != '-';
    std::cerr << "amdefect: " << (unknown ? amdefect::concat("there is no subcommand '", argv[1], "'") : error.what())
              << "\nRun 'amdefect --help' or 'amdefect SUBCOMMAND --help' for the options.\n";
    return 2;
  } catch (const std::bad_alloc&) {
    return amdefect::failed("there is not enough memory");
  } catch (const std::exception& error) {
    return amdefect::failed(amdefect::printable(error.what()));
  }
}

}  // namespace

int main(int argc, char** argv) { return amdefect::run_processes(argc, argv, run_program); }
