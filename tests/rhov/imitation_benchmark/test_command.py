"""The benchmark with one object and two motions, from planning to tables."""

from dataclasses import replace

import pytest

from rhov.imitation_benchmark import command
from rhov.imitation_benchmark.command import RESULTS, Options, run_benchmark, trials
from rhov.imitation_benchmark.record import TrialRecord, load_records, save_records
from rhov.imitation_benchmark.tables import all_tables
from rhov.imitation_benchmark.trial import CLOSED, OPEN
from rhov.imitation_benchmark.trial_conditions import CONDITIONS, OTHER, conditions_for
from rhov_core.errors import InputError
from rhov_core.files import read_json


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setattr(command, "_QUICK_MOTIONS", ("lift", "turn to 45 deg"))
    patch.setattr(command, "_QUICK_DISTURBED", ("lift",))
    patch.setattr(command, "CONDITIONS", {name: CONDITIONS[name] for name in (OTHER, "slips 1 cm in the grasp")})
    options = Options(quick=True, objects=("carton",), workers=0, out=tmp_path_factory.mktemp("bench"))
    lines = list(run_benchmark(options))
    yield options, lines, trials(options)
    patch.undo()


def test_it_measures_every_motion_condition_and_method(measured):
    options, _, _ = measured
    records = read_json(options.out / RESULTS)["records"]
    kinds = [(r["motion"], r["condition"], r["method"]) for r in records]
    assert len(kinds) == len(set(kinds)) == 6
    assert all(r["success"] and r["preparation_s"] > 0 for r in records)
    assert all(r["position_error_m"] < 0.004 for r in records if (r["condition"], r["method"]) == (OTHER, CLOSED))
    assert {r["method"] for r in records} == {OPEN, CLOSED}


def test_the_report_shows_the_tables(measured):
    options, lines, _ = measured
    assert "| plan, feedback | 2 | 100.0" in lines[0]
    assert "| slips 1 cm in the grasp | 1 |" in lines[0]
    assert (options.out / "report.md").read_text().startswith("# Imitation benchmark")


def test_work_that_is_done_is_not_done_again(measured, monkeypatch):
    options, _, _ = measured

    def never(*_):
        raise AssertionError

    monkeypatch.setattr("rhov.imitation_benchmark.trial._tried", never)
    assert "100.0" in next(iter(run_benchmark(options)))


def test_other_work_is_not_taken_for_it(measured):
    _, _, work = measured
    assert work[0].records() is not None
    assert replace(work[0], conditions=("dropped",)).records() is None


def test_further_records_join_the_table_of_methods(measured, tmp_path):
    options, _, work = measured
    policy = [replace(r, method="policy, guided") for r in work[1].records() or []]
    save_records(tmp_path / "more.json", "", policy)
    text = next(iter(run_benchmark(replace(options, more=tmp_path / "more.json"))))
    assert "| policy, guided | 2 |" in text
    with pytest.raises(InputError, match="no file"):
        list(run_benchmark(replace(options, more=tmp_path / "none.json")))


def test_unknown_objects_and_missing_reconstructions_are_refused(tmp_path):
    with pytest.raises(InputError, match="no object 'spoon'"):
        trials(Options(objects=("spoon",)))
    with pytest.raises(InputError, match="holds no reconstructions"):
        trials(Options(objects=("can",), reconstructions=tmp_path))


def test_the_whole_suite_is_a_hundred_trajectories_half_of_them_hard():
    work = trials(Options())
    plain = [trial for trial in work if trial.conditions == (OTHER,)]
    assert len(plain) == 100
    assert sum(trial.subject.hard for trial in plain) == 50
    assert all(OTHER not in trial.conditions for trial in work if trial not in plain)
    assert {"mug", "cracker_box"} <= {trial.subject.object for trial in work}


def test_conditions_differ_by_trial_and_are_the_same_again():
    first, other = conditions_for("dropped", "mug", "lift"), conditions_for("dropped", "mug", "pour")
    assert first == conditions_for("dropped", "mug", "lift")
    assert first.mass_factor != other.mass_factor and first.drop == other.drop > 0
    assert conditions_for(OTHER, "mug", "lift").drop == 0


def test_refusals_and_losses_count_as_failures(tmp_path):
    good = TrialRecord("mug", "lift", False, "truth", CLOSED, OTHER, 1.0, True, 0.001, 0.01)
    refused = TrialRecord("mug", "pour", True, "truth", CLOSED, OTHER, 0.0, False, failure="out of reach")
    tables = {table.name: table for table in all_tables([good, refused])}
    assert tables["methods"].rows[0][:3] == [CLOSED, 2, "50.0 (9 to 91)"]
    assert tables["methods"].rows[0][3:5] == ["1.0", "0.010"]
    assert tables["failures"].rows == [["mug", "pour", OTHER, "out of reach"]]
    verdicts = {row[0]: row[3] for row in tables["goals"].rows}
    assert verdicts["success, feedback [%]"] == "fail" and verdicts["dropped, feedback [%]"] == "not measured"
    save_records(tmp_path / "records.json", "key", [good, refused])
    assert load_records(tmp_path / "records.json", "key") == [good, refused]
    assert load_records(tmp_path / "records.json", "other") is None
