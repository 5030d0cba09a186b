#include "amdefect/io/run_folder.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

std::string error_of_run(const std::filesystem::path& folder, const RunKind& kind,
                         EarlierRun earlier = EarlierRun::refuse) {
  return error_of([&] { const RunFolder run(folder, kind, earlier); });
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a folder belongs to one run at a time, until that ends") {
  const TemporaryFolder folder;
  {
    const RunFolder run(folder / "new" / "run", training_run, EarlierRun::refuse);
    const std::string error = error_of_run(folder / "new" / "run", training_run, EarlierRun::replace);
    CHECK(contains(error, concat("in use by a run (train, process ", ::getpid(), ")")));
    CHECK(contains(error_of_run(folder / "new" / "run", prediction_run), "in use"));
    CHECK(error_of_run(folder / "other", training_run) == "no error");
  }
  CHECK(error_of_run(folder / "new" / "run", training_run) == "no error");
}

TEST_CASE("a process that is killed leaves its folder free, and its temporary files are removed") {
  const TemporaryFolder folder;
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const RunFolder run(folder / "run", training_run, EarlierRun::refuse);
    const AtomicFile file(folder / "run" / "best.safetensors");
    if (::write(ready[1], "x", 1) == 1) ::pause();
    ::_exit(0);
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  ::close(ready[0]);
  ::close(ready[1]);
  CHECK(contains(error_of_run(folder / "run", training_run), concat("process ", child)));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  const AtomicFile own(folder / "run" / "mine");
  CHECK(error_of_run(folder / "run", training_run) == "no error");
  std::size_t temporary = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "run"))
    temporary += entry.path().filename().string().starts_with(temporary_file_start);
  CHECK(temporary == 1);  // that of this process, which lives
}

TEST_CASE("the results of an earlier run are refused, replaced or continued") {
  const TemporaryFolder folder;
  folder.write("run/best.safetensors", "old");
  folder.write("run/report.html", "old");
  folder.write("run/notes.txt", "mine");
  CHECK(contains(error_of_run(folder / "run", training_run), "holds best.safetensors of an earlier run"));
  CHECK(contains(error_of_run(folder / "run", training_run), "resume"));
  {
    RunFolder run(folder / "run", training_run, EarlierRun::continue_it);
    run.begin();
    CHECK(folder.read("run/report.html") == "old");
  }
  RunFolder run(folder / "run", training_run, EarlierRun::replace);
  CHECK(folder.read("run/best.safetensors") == "old");  // until the new run has something to write
  run.begin();
  CHECK(!std::filesystem::exists(folder / "run" / "best.safetensors"));
  CHECK(!std::filesystem::exists(folder / "run" / "report.html"));
  CHECK(folder.read("run/notes.txt") == "mine");
}

TEST_CASE("runs of different kinds do not share a folder, even if told to replace") {
  const TemporaryFolder folder;
  folder.write("run/best.safetensors", "old");
  for (const EarlierRun earlier : {EarlierRun::refuse, EarlierRun::replace})
    CHECK(
        contains(error_of_run(folder / "run", evaluation_run, earlier), "holds best.safetensors, a result of 'train'"));
  CHECK(folder.read("run/best.safetensors") == "old");
}

TEST_CASE("all files of an earlier run go, those with names of their own, too, and no others") {
  const TemporaryFolder folder;
  {
    RunFolder run(folder / "run", prediction_run, EarlierRun::refuse);
    run.begin();
    for (const std::string name : {"a.png", "b\nc.png", "../outside", "..", "."}) run.add_file(name);
    folder.write("run/a.png", "");
    folder.write("run/b\nc.png", "");
    folder.write("run/images.json", "");
  }
  folder.write("run/other.png", "");
  folder.write("outside", "");
  CHECK(contains(error_of_run(folder / "run", prediction_run), "images.json"));
  RunFolder run(folder / "run", prediction_run, EarlierRun::replace);
  run.begin();
  CHECK(!std::filesystem::exists(folder / "run" / "a.png"));
  CHECK(!std::filesystem::exists(folder / "run" / "b\nc.png"));
  CHECK(std::filesystem::exists(folder / "run" / "other.png"));
  CHECK(std::filesystem::exists(folder / "outside"));
}

TEST_CASE("the lock file is a plain file: links, second names and pipes are refused and not written to") {
  const TemporaryFolder folder;
  folder.write("precious", "content");
  for (const char* name : {"link", "dangling", "hard", "pipe"}) std::filesystem::create_directory(folder / name);
  std::filesystem::create_symlink("../precious", folder / "link/.amdefect-run");
  std::filesystem::create_symlink("../made", folder / "dangling/.amdefect-run");
  std::filesystem::create_hard_link(folder / "precious", folder / "hard/.amdefect-run");
  REQUIRE(::mkfifo((folder / "pipe/.amdefect-run").c_str(), 0666) == 0);
  for (const char* name : {"link", "dangling", "hard", "pipe"})
    CHECK(contains(error_of_run(folder / name, prediction_run), ".amdefect-run: expected a plain file"));
  CHECK(folder.read("precious") == "content");
  CHECK(!std::filesystem::exists(folder / "made"));
}
