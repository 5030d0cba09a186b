#include "amdefect/io/ready_models.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

#include "amdefect/io/weights_file.hpp"
#include "contains.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

/// AMDEFECT_MODELS for as long as this lives.
class ModelsFolder {
 public:
  explicit ModelsFolder(const std::filesystem::path& folder) { ::setenv(ready_models_variable, folder.c_str(), 1); }
  ~ModelsFolder() { ::unsetenv(ready_models_variable); }
};

}  // namespace

TEST_CASE("a ready model lies beside the program, or where the environment says") {
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe");
  CHECK(ready_models_folder() == program.parent_path().parent_path() / "share/amdefect/models");
  CHECK(is_file(ready_model_path("lpbf")));  // as the build has laid it
  const TemporaryFolder folder;
  const ModelsFolder models(folder.path());
  CHECK(error_of([] { ready_model_path("lpbf"); }) ==
        concat("ready models: 'lpbf' is not at ", (folder / "lpbf.safetensors").string(),
               ", where it is installed beside the program; set AMDEFECT_MODELS to the folder that holds it "
               "(data/models of amdefect's sources)"));
  folder.write("lpbf.safetensors", "");
  CHECK(ready_model_path("lpbf") == folder / "lpbf.safetensors");
  CHECK(weights_file("lpbf") == folder / "lpbf.safetensors");
  CHECK(error_of([] { ready_model_path("lpbg"); }) == "ready models: there is no 'lpbg', expected one of: lpbf");
}

TEST_CASE("what is there goes before a ready model of that name") {
  const TemporaryFolder folder;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  CHECK(is_ready_model("lpbf"));
  CHECK_FALSE(is_ready_model("./lpbf"));
  CHECK_FALSE(is_ready_model("other"));
  std::filesystem::create_directory("lpbf");
  CHECK_FALSE(is_ready_model("lpbf"));
  CHECK(weights_file("lpbf") == std::filesystem::path("lpbf/best.safetensors"));
  std::filesystem::current_path(before);
}
