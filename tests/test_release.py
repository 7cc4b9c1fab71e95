"""The workflow that publishes a release, as far as it can be run here."""

from __future__ import annotations

import os
import subprocess

import pytest

from errbridge import __version__
from tests.servers import ROOT


@pytest.mark.parametrize(("tag", "code"), [(f"v{__version__}", 0), (f"v{__version__}.1", 1), ("v", 1)])
def test_only_the_tag_of_the_version_is_published(tag: str, code: int) -> None:
    workflow = ROOT.joinpath(".github/workflows/release.yml").read_text()
    command = workflow.partition("- name: The tag is the version\n        run: ")[2].partition("\n")[0]

    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env={**os.environ, "GITHUB_REF_NAME": tag}, timeout=60, check=False
    )

    assert (bool(command), done.returncode) == (True, code)
