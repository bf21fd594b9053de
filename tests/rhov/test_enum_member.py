"""What stands for `getattr` in files that hold data only."""

import pickle

import pytest

from rhov.benchmark.tracks_file import load_tracks
from rhov.enum_member import enum_member
from rhov.snapshot import from_bytes
from rhov_core.errors import InputError
from rhov_core.trajectory import ObjectState


class Asks:
    """Pickled as Python 3.11.2 pickles a member of an enumeration."""

    def __init__(self, *what):
        self.what = what

    def __reduce__(self):
        return getattr, self.what


def test_members_are_read():
    assert from_bytes(pickle.dumps(Asks(ObjectState, "LOST")), {}) is ObjectState.LOST


@pytest.mark.parametrize("what", [(ObjectState, "__init__"), (ObjectState, "mro"), (dict, "fromkeys"), ("a", "format")])
def test_nothing_else_is(what, tmp_path):
    with pytest.raises(pickle.UnpicklingError, match="which no data need"):
        enum_member(*what)
    with pytest.raises(pickle.UnpicklingError):
        from_bytes(pickle.dumps(Asks(*what)), {})
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(Asks(*what)))
    with pytest.raises(InputError, match="cannot be read"):
        load_tracks(tmp_path / "a.pkl")
