"""The tests of one folder, compiled once with many changes of that folder's headers, each behind a switch."""
import glob
import os
import re
import resource
import shutil
import subprocess

SWITCH = r"""#pragma once
#include <cstdio>
#include <cstdlib>
#include <type_traits>
namespace amdefect_mutation {
inline unsigned char reached[@COUNT@ + 1];
struct Switch {
  int active = std::getenv("AMDEFECT_MUTANT") ? std::atoi(std::getenv("AMDEFECT_MUTANT")) : 0;
  ~Switch() {  // number -1 changes nothing and writes the numbers of all changes that were reached
    if (active != -1) return;
    if (std::FILE* file = std::fopen(std::getenv("AMDEFECT_MUTANTS_REACHED"), "w")) {
      for (int i = 0; i <= @COUNT@; ++i)
        if (reached[i]) std::fprintf(file, "%d\n", i);
      std::fclose(file);
    }
  }
};
inline const Switch the_switch;
inline bool chosen(int number) {
  if (the_switch.active == -1) reached[number] = 1;
  return number == the_switch.active;
}
}  // namespace amdefect_mutation
constexpr bool amdefect_mutant(int number) {  // without effect where the compiler itself computes
  return !std::is_constant_evaluated() && amdefect_mutation::chosen(number);
}
"""


class Failure(Exception):
    pass


def switched(kind, original, numbered):
    """The text of a span with its changes: pairs of number and text."""
    choices = "".join(f"amdefect_mutant({n}) ? {wrapped(kind, new)} : " for n, new in numbered)
    return f"({choices}{wrapped(kind, original)})"


def wrapped(kind, text):
    if kind in ("condition", "loop"):
        return f"bool({text})"  # also of a pointer
    return f"void({'(' + text + ')' if text else ''})" if kind == "statement" else f"({text})"


class MutatedTests:
    """`build` is a folder of its own, `flat` makes a text one line without comments. With a `library`, that of
    amdefect::compiled, all templates that it holds come from there but those of the folder itself."""

    def __init__(self, root, folder, build, flat, compiler, flags, library=""):
        self.root, self.folder, self.build, self.flat = root, folder, build, flat
        self.include = os.path.join(build, "include")
        self.command = [compiler, "-std=c++20", "-w", "-fmax-errors=0", "-fdiagnostics-color=never", *flags,
                        f"-I{self.include}", f"-I{root}/tests", "-include", f"{build}/mutant_switch.hpp",
                        f'-DTRAIN_TEST_DATA="{root}/tests/train/data"']
        self.libraries = [library, "-lpthread"] if library else ["-lpthread"]
        if library:
            self.command.append("-DAMDEFECT_COMPILED_LIBRARY")
        self.program = os.path.join(build, "tests")

    def plant(self, numbered):
        """Copies the headers and plants the changes: pairs of number and Change; one that is fixed must be alone."""
        shutil.rmtree(self.include, ignore_errors=True)
        shutil.copytree(os.path.join(self.root, "include"), self.include)
        files = {}
        for number, change in numbered:
            files.setdefault(change.file, {}).setdefault(change.span, []).append((number, self.flat(change.new)))
        for file, spans in files.items():
            path = os.path.join(self.include, "amdefect", file)
            with open(path, encoding="utf-8") as stream:
                text = stream.read()
            for span in sorted(spans, key=lambda s: -s.start):
                original = text[span.start:span.end]
                planted = spans[span][0][1] if span.kind == "fixed" else switched(span.kind, original, spans[span])
                text = text[:span.start] + planted + text[span.end:]
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(text)
        if len(self.libraries) > 1:
            self.take_out_of_library()
        with open(os.path.join(self.build, "mutant_switch.hpp"), "w", encoding="utf-8") as stream:
            stream.write(SWITCH.replace("@COUNT@", str(max((n for n, _ in numbered), default=0))))
        with open(os.path.join(self.build, "tests.cpp"), "w", encoding="utf-8") as stream:
            tests = sorted(glob.glob(f"{self.root}/tests/{self.folder}/*_test.cpp"))
            if not tests:
                raise Failure(f"mutation_check: tests/{self.folder} has no *_test.cpp")
            stream.writelines(f'#include "{test}"\n' for test in tests)

    def take_out_of_library(self):
        """Lets the folder's own templates be compiled with the tests."""
        for path in glob.glob(f"{self.include}/amdefect/{self.folder}/**/*.hpp", recursive=True):
            with open(path, encoding="utf-8") as stream:
                text = stream.read()
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(re.sub(r"^AMDEFECT_COMPILED_", "// AMDEFECT_COMPILED_", text, flags=re.M))

    def compile(self):
        """What the compiler says against it; nothing if the program is there."""
        main = os.path.join(self.build, "doctest_main.o")
        steps = [[*self.command, "-c", f"{self.root}/tests/doctest_main.cpp", "-o", main]] if not os.path.exists(main) else []
        steps.append([*self.command, f"{self.build}/tests.cpp", main, "-o", self.program, *self.libraries])
        for step in steps:
            done = subprocess.run(step, capture_output=True, text=True, check=False)
            if done.returncode:
                return done.stderr
        return ""

    def compile_what_can_be(self, changes, say):
        """Plants as many of the changes as compile together, numbered from 1; returns those."""
        for _ in range(20):
            numbered = list(enumerate(changes, 1))
            self.plant(numbered)
            errors = self.compile()
            if not errors:
                return numbered
            wrong = self.blamed(errors, changes)
            if not wrong:
                raise Failure(f"mutation_check: {self.folder} does not compile:\n{errors[:4000]}")
            say(f"{self.folder}: {len(wrong)} of {len(changes)} changes do not compile")
            changes = [c for c in changes if c not in wrong]
        raise Failure(f"mutation_check: {self.folder}: gave up after 20 compilations")

    def blamed(self, errors, changes):
        """The changes on the lines that the errors name; where an error names none, those of its context."""
        place = re.compile(re.escape(os.path.join(self.include, "amdefect")) + r"/([^:\s]+):(\d+)[:,]")
        wrong, context, unclear = set(), set(), False
        for line in errors.splitlines():
            here = {c for file, number in place.findall(line) for c in changes
                    if c.file == file and c.line <= int(number) <= c.last_line}
            if re.search(r"\b(error|Error):", line):
                unclear = not here and not context
                wrong |= here or context
                context = set()
            elif "note:" in line:
                wrong |= here if unclear else set()
            else:
                context |= here
        return wrong

    def run(self, number, limit):
        """(whether the tests passed, seconds of a processor, output); what needs more of them than the limit, or more
        memory, or waits for ever, did not pass."""
        scratch = os.path.join(self.build, "scratch")
        shutil.rmtree(scratch, ignore_errors=True)
        os.makedirs(scratch)
        environment = dict(os.environ, AMDEFECT_MUTANT=str(number), TMPDIR=scratch, HOME=scratch,
                           AMDEFECT_MUTANTS_REACHED=os.path.join(self.build, "reached.txt"))
        environment.setdefault("OMP_WAIT_POLICY", "passive")
        begin = processor_seconds()
        try:
            done = subprocess.run([self.program, "--abort-after=1"], cwd=scratch, env=environment,
                                  timeout=60 + 10 * limit,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  preexec_fn=lambda: limit_resources(limit), check=False)
            passed, output = done.returncode == 0, done.stdout.decode(errors="replace")
        except subprocess.TimeoutExpired:
            passed, output = False, "the time was over"
        shutil.rmtree(scratch, ignore_errors=True)
        return passed, processor_seconds() - begin, output

    def reached(self):
        """Numbers of the changes that the tests come by at all, and the seconds that they take."""
        passed, seconds, output = self.run(-1, 1800)
        if not passed:
            raise Failure(f"mutation_check: the tests of {self.folder} fail without any change:\n{output[-3000:]}")
        with open(os.path.join(self.build, "reached.txt"), encoding="utf-8") as stream:
            return {int(line) for line in stream}, seconds


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def limit_resources(seconds):
    seconds = int(seconds) + 1  # not of the clock: others may use the machine
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
