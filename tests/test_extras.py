"""What is not installed is named by its extra."""

from __future__ import annotations

import pytest

from tests.servers import run_python


@pytest.mark.parametrize(
    ("module", "package", "extra"),
    [
        ("errbridge_flask", "flask", "flask"),
        ("errbridge_quart", "quart", "quart"),
        ("errbridge.asgi", "asgiref", "bridge"),
        ("errbridge.otel", "opentelemetry", "otel"),
        ("errbridge.sentry", "sentry_sdk", "sentry"),
    ],
)
def test_a_module_whose_package_is_missing_says_what_to_install(module: str, package: str, extra: str) -> None:
    program = f"import sys; sys.modules['{package}'] = None; import {module}"

    done = run_python("-c", program)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"ImportError: {module} needs ")
    assert done.stderr.splitlines()[-1].endswith(f": install errbridge[{extra}]")
