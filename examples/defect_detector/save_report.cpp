#include "save_report.hpp"

#include "amdefect/viz/report.hpp"

namespace amdefect {

void save_report(const std::filesystem::path& path, const ReportData& data) { write_report(path, data); }

}  // namespace amdefect
