"""Measures the reconstruction on rendered clips with truth and prints the paper's tables.

Runs `rhov benchmark reconstruction` and, after a whole suite in which nothing broke down, copies its results.json to
benchmarks/results/reconstruction_SUITE.json, SUITE being quick, dev or test.

    python benchmarks/reconstruction.py [--quick] [--split dev|test] [--ablations] [--clips N] [--out DIR]
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from rhov import environment

environment.apply()

from rhov.cli import main as rhov  # noqa: E402
from rhov_core.files import read_json  # noqa: E402

RESULTS = Path(__file__).parent / "results"
SUITES = ("quick", "dev", "test")


def main(arguments: list[str]) -> int:
    out = Path("out/benchmark")
    if "--out" in arguments[:-1]:
        out = Path(arguments[arguments.index("--out") + 1])
    status = rhov(["benchmark", "reconstruction", "--out", str(out), *arguments])
    if status == 0 and (out / "results.json").is_file() and not {"--help", "-h"} & set(arguments):
        suite = read_json(out / "results.json")["suite"]
        if suite in SUITES:
            shutil.copyfile(out / "results.json", RESULTS / f"reconstruction_{suite}.json")
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
