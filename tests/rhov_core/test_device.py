"""The choice of a device."""

import pytest
import torch

from rhov_core.device import choose_device, stays_on_device
from rhov_core.errors import InputError


def test_the_cpu_is_always_there():
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert not stays_on_device(torch.zeros(1)) and stays_on_device(torch.zeros(1, device="meta"))


def test_what_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto").type == "cpu"
    with pytest.raises(InputError, match="cannot use a GPU"):
        choose_device("cuda")
    with pytest.raises(InputError, match="the device is 'tpu'"):
        choose_device("tpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto").type == "cuda" and choose_device("cpu").type == "cpu"
