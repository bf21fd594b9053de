from types import SimpleNamespace

import numpy as np
import pytest

from rhov_optimizer.joint.elapsed import elapsed


@pytest.mark.parametrize("rate", [15, 24, 25, 30000 / 1001, 30, 50, 60000 / 1001, 60, 90000 / 7])
def test_times_do_not_depend_on_where_stamps_count_from(rate):
    stamps = np.arange(2000) / rate
    nanoseconds = np.round((stamps + 1795394284.3520267) * 1e9) / 1e9  # as a message's header holds them
    by_file, by_message = (elapsed([SimpleNamespace(stamp=float(s)) for s in each]) for each in (stamps, nanoseconds))
    assert by_file.tolist() == by_message.tolist()
    assert by_file == pytest.approx(stamps, abs=6e-6)


def test_no_frames_have_no_times():
    assert elapsed([]).shape == (0,)
