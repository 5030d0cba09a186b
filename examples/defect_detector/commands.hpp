#pragma once

#include <CLI/CLI.hpp>

// The subcommands of the program, one file each. Each function adds its subcommand with its options to the program.
namespace amdefect {

void add_summary_command(CLI::App& program);
void add_synth_command(CLI::App& program);
void add_train_command(CLI::App& program);
void add_eval_command(CLI::App& program);
void add_predict_command(CLI::App& program);
void add_inspect_command(CLI::App& program);
void add_review_command(CLI::App& program);
void add_bench_command(CLI::App& program);

}  // namespace amdefect
