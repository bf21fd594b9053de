"""Measures planned imitations: ten objects with ten motions each, carried out in other physics and under disturbances.

After a whole suite in which nothing broke down, results.json is copied to benchmarks/results/imitation.json
(imitation_quick.json). A run that was stopped goes on when the same command is given again.

    python benchmarks/imitation.py [--quick] [--objects mug,can] [--reconstructions DIR] [--policies FILE]
                                   [--robot NAME] [--workers N] [--out DIR]
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from rhov import environment

environment.apply()

from rhov.imitation_benchmark.command import RESULTS, Options, run_benchmark  # noqa: E402
from rhov_core.errors import RhovError  # noqa: E402

_KEPT = Path(__file__).parent / "results"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three objects with four motions")
    parser.add_argument("--objects", default="", help="names of rendered objects, with commas")
    parser.add_argument("--reconstructions", type=Path, help="folder of a reconstruction benchmark, imitated too")
    parser.add_argument("--policies", type=Path, help="further trials in the same form, for the table of methods")
    parser.add_argument("--robot", default="panda", help="name of a robot or its YAML file")
    parser.add_argument("--workers", type=int, default=2, help="processes; 0: everything in this one")
    parser.add_argument(
        "--out", type=Path, default=Path("out/imitation_benchmark"), help="folder for trials and report"
    )
    given = parser.parse_args(arguments)
    objects = tuple(name for name in given.objects.split(",") if name)
    options = Options(
        given.quick, objects, given.reconstructions, given.policies, given.robot, given.workers, given.out
    )
    try:
        for line in run_benchmark(options):
            print(line)
    except RhovError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 1
    if not objects:
        shutil.copyfile(given.out / RESULTS, _KEPT / f"imitation{'_quick' if given.quick else ''}.json")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
