#!/usr/bin/env python3
"""Tests scripts/mutation_check on a small tree. Usage: check.py SOURCE_FOLDER COMPILER [FLAGS]"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(sys.argv[1], "scripts", "mutation"))
from changes import changes_of, key_of, listed_change  # noqa: E402

source, compiler, flags = sys.argv[1], sys.argv[2], " ".join(sys.argv[3:])


def mutation_check(root, *words):
    done = subprocess.run([f"{source}/scripts/mutation_check", "--root", root, "--compiler", compiler, f"--flags=-O0 {flags}",
                           "--limit", "0.5", *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def expect(truth, *what):
    if not truth:
        sys.exit("\n".join(str(w) for w in ("mutation_check differs from what was expected", *what)))


def expect_to_apply(file):
    """The listed changes, and those without effect, are changes of the headers as they are now."""
    with open(f"{source}/scripts/mutation/{file}.json", encoding="utf-8") as stream:
        entries = json.load(stream)
    for entry in entries:
        with open(f"{source}/include/amdefect/{entry['file']}", encoding="utf-8") as stream:
            text = stream.read()
        if file == "listed":
            try:
                listed_change(entry["file"], text, entry["old"], entry["new"], entry["why"])
            except ValueError as error:
                expect(False, f"scripts/mutation/{file}.json:", error)
        else:
            known = key_of(entry["file"], entry["old"], entry["new"], entry.get("nth", 0))
            expect(known in {c.key for c in changes_of(entry["file"], text)}, f"scripts/mutation/{file}.json: unknown:", known)


expect_to_apply("listed")
expect_to_apply("equivalents")

with tempfile.TemporaryDirectory() as root:
    shutil.copytree(f"{source}/tests/mutation_check/tree", root, dirs_exist_ok=True)

    code, table, log = mutation_check(root, "--changes", "3")
    expect(code == 1, code, table, log)
    with open(f"{root}/build/mutation/sums.json", encoding="utf-8") as stream:
        results = list(json.load(stream).values())
    for r in results:
        expected = "survived" if r["why"] == "equivalent" else r["why"].split(",")[0].removesuffix(" by the limit of time")
        expect(r["why"] == "" or r["result"] == expected, r, table, log)
    expect(sum(r["why"] != "" for r in results) == 7, results)
    expect(sum(r["why"] == "" and r["result"] != "not compiled" for r in results) == 3, results)
    expect("sums/sum.hpp:17, survived:" in table and "sums/sum.hpp:19, not reached:" in table, table)
    expect("| sums | 9 |" in table and "sum >= most" not in table, table)

    code, again, log = mutation_check(root, "--changes", "3")
    expect((code, again, log) == (1, table, ""), "nothing is run twice", again, log)

    with open(f"{root}/tests/sums/sum_test.cpp", "a", encoding="utf-8") as stream:
        stream.write("TEST_CASE(\"more\") {\n  CHECK(amdefect::larger(1, 2) == 2);\n  CHECK(amdefect::larger(2, 1) == 2);\n"
                     "  CHECK(amdefect::never_called(1) == 2);\n  CHECK(amdefect::count_to(0) == 0);\n}\n")
    code, table, log = mutation_check(root, "--changes", "3", "--again")
    expect(code == 0 and "| all | 9 | 8 | 1 | 0 |" in table, code, table, log)

    code, table, log = mutation_check(root, "--folder", "nowhere")
    expect(code == 2 and log == "mutation_check: include/amdefect/nowhere has no headers\n", code, log)
    with open(f"{root}/tests/sums/sum_test.cpp", "a", encoding="utf-8") as stream:
        stream.write("TEST_CASE(\"wrong\") { CHECK(false); }\n")
    code, table, log = mutation_check(root, "--changes", "4")
    expect(code == 2 and "the tests of sums fail without any change" in log, code, log)
