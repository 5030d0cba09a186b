#include <exception>
#include <iostream>

#include "amdefect/core/error.hpp"
#include "coco_eval_command.hpp"
#include "commands.hpp"

// Exit codes: 0 success, 1 bad data or a failure while working, 2 wrong use of the command line, 130 interrupted.
int main(int argc, char** argv) {
  CLI::App program{"amdefect: trains, evaluates and runs detectors of defects in images, on the CPU"};
  program.require_subcommand(1);
  program.set_help_all_flag("--help-all", "Print the options of all subcommands");
  amdefect::add_summary_command(program);
  amdefect::add_synth_command(program);
  amdefect::add_inspect_command(program);
  amdefect::add_train_command(program);
  amdefect::add_eval_command(program);
  amdefect::add_predict_command(program);
  amdefect::add_coco_eval_command(program);
  amdefect::add_bench_command(program);
  try {
    program.parse(argc, argv);
    std::cout.flush();
    amdefect::require<amdefect::FileError>(std::cout.good(), "cannot write to the standard output");
    return 0;
  } catch (const CLI::RuntimeError& ending) {  // a subcommand asks for an exit code
    return ending.get_exit_code();
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return program.exit(error);  // --help
    // CLI11 misses the subcommand before it looks at the word that stands in its place.
    const bool unknown = program.get_subcommands().empty() && argc > 1 && argv[1][0] != '-';
    std::cerr << "amdefect: " << (unknown ? amdefect::concat("there is no subcommand '", argv[1], "'") : error.what())
              << "\nRun 'amdefect --help' or 'amdefect SUBCOMMAND --help' for the options.\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "amdefect: error: " << error.what() << '\n';
    return 1;
  }
}
