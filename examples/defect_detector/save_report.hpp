#pragma once

#include <filesystem>

#include "amdefect/viz/report_data.hpp"

namespace amdefect {

/// `write_report`, compiled once for the whole program, because it is large.
void save_report(const std::filesystem::path& path, const ReportData& data);

}  // namespace amdefect
