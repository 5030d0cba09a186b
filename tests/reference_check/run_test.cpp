#include "reference_check/run.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "amdefect/io/safetensors.hpp"
#include "reference_check/reference_case.hpp"

using namespace amdefect;

namespace {

/// Writes small cases into a folder of its own and runs them.
class CaseFolder {
 public:
  CaseFolder() { std::filesystem::create_directories(path_); }
  ~CaseFolder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

  struct Array {
    std::string name;
    Shape shape;
    std::vector<double> values;
  };
  std::filesystem::path write(const std::string& name, const SafetensorsMetadata& metadata,
                              const std::vector<Array>& arrays) const {
    std::vector<TensorEntry> entries;
    for (const Array& array : arrays)
      entries.push_back(safetensors_entry(array.name, TensorView<const double>(array.values.data(), array.shape)));
    write_safetensors(path_ / (name + ".safetensors"), entries, metadata);
    return path_ / (name + ".safetensors");
  }
  std::string run(const std::filesystem::path& file) const {
    std::ostringstream out;
    reference_check::check_file(file, out);
    return out.str();
  }
  /// The line of a mean squared error of (1, 2) against (0, 0), which is 2.5 with the gradient (1, 2).
  std::string run_mse(double loss, double gradient, const std::string& outputs = "loss") const {
    return run(
        write("mse", {{"op", "mse"}, {"outputs", outputs}, {"grads", "dpred"}},
              {{"pred", {2}, {1, 2}}, {"target", {2}, {0, 0}}, {"loss", {1}, {loss}}, {"dpred", {2}, {1, gradient}}}));
  }

 private:
  std::filesystem::path path_ = std::filesystem::temp_directory_path() / concat("amdefect_reference_", ::getpid());
};

bool failed_with(const std::string& line, const std::string& reason) {
  return line.starts_with("FAILED") && line.find(reason) != std::string::npos;
}

}  // namespace

TEST_CASE("reference check: right results pass, wrong ones fail") {
  const CaseFolder folder;
  CHECK(folder.run_mse(2.5, 2).starts_with("passed  mse"));
  CHECK(folder.run_mse(2.5 * (1 + 2e-10), 2).starts_with("FAILED"));
  CHECK(folder.run_mse(2.5, 2 + 1e-9).starts_with("FAILED"));
  CHECK(folder.run_mse(std::numeric_limits<double>::quiet_NaN(), 2).starts_with("FAILED"));
  CHECK(folder.run_mse(2.5, std::numeric_limits<double>::quiet_NaN()).starts_with("FAILED"));
  CHECK(failed_with(folder.run_mse(2.5, 2, "loss,more"), "does not compute 'more'"));
}

TEST_CASE("reference check: what it does not know is a failure") {
  const CaseFolder folder;
  CHECK(failed_with(folder.run(folder.write("a", {{"op", "mish"}}, {{"x", {1}, {0}}})), "does not know the op"));
  CHECK(failed_with(folder.run(folder.write("b", {{"op", "mse"}}, {{"pred", {1}, {0}}})), "no tensor \"target\""));
  CHECK(failed_with(folder.run(folder.write("c", {{"op", "relu"}}, {{"x", {2}, {0, 1}}})), "no tensor \"y\""));
  CHECK(
      failed_with(folder.run(folder.write("d", {{"op", "softmax"}, {"axis", "0"}}, {{"x", {1, 2}, {0, 1}}})), "axis"));
  write_text_file(folder.path() / "e.safetensors", "not in the format");
  CHECK(failed_with(folder.run(folder.path() / "e.safetensors"), "expected a header"));
  std::ostringstream out;
  CHECK_FALSE(reference_check::check_folder(folder.path(), out));
  CHECK(out.str().ends_with("\n0 passed, 5 failed\n"));
  CHECK_THROWS_AS(reference_check::check_folder(folder.path() / "none", out), FileError);
}

TEST_CASE("reference check: height and width may differ") {
  const CaseFolder folder;
  const std::vector<CaseFolder::Array> arrays = {{"x", {1, 2, 4, 1}, {1, 2, 3, 4, 5, 6, 7, 8}},
                                                 {"kernel", {1, 2, 1, 1}, {1, 10}},
                                                 {"y", {1, 2, 2, 1}, {31, 42, 75, 86}}};
  for (const SafetensorsMetadata& attributes : std::vector<SafetensorsMetadata>{
           {{"dilation", "1,2"}}, {{"dilation_w", "2"}}, {{"dilation_rate", "(1, 2)"}, {"padding", "0,0"}}}) {
    SafetensorsMetadata metadata = attributes;
    metadata["op"] = "conv2d";
    const std::string line = folder.run(folder.write("conv", metadata, arrays));
    CHECK_MESSAGE(line.starts_with("passed"), line);
  }
}

TEST_CASE("reference check: attributes") {
  const CaseFolder folder;
  const reference_check::ReferenceCase attributes(folder.write("a",
                                                               {{"stride", "3"},
                                                                {"pool", "[2, 5]"},
                                                                {"padding", "explicit"},
                                                                {"pads_tblr", "1,2,3,4"},
                                                                {"eps", "1e-05"},
                                                                {"bad", "1x"}},
                                                               {{"x", {1}, {0}}}));
  CHECK(attributes.sizes("stride", {}, 1) == std::pair<Index, Index>(3, 3));
  CHECK(attributes.sizes("pool", {}, 1) == std::pair<Index, Index>(2, 5));
  CHECK(attributes.sizes("dilation", {"dilation_rate"}, 1) == std::pair<Index, Index>(1, 1));
  CHECK(attributes.number({"epsilon", "eps"}, 0) == 1e-5);
  CHECK(attributes.padding().bottom == 2);
  CHECK(attributes.padding().right == 4);
  CHECK_THROWS_AS(static_cast<void>(attributes.number({"bad"}, 0)), Error);
}
