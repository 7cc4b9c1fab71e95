"""The commands run in the root of the repository."""

from __future__ import annotations

import pytest

from tests.servers import ROOT


@pytest.fixture(autouse=True)
def from_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
