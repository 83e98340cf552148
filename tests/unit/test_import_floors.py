"""The floors of the design hold, and importing costs little."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.loops import some

ROOT = Path(__file__).parents[2]


def test_imports_go_down_only() -> None:
    found = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout


def test_a_model_that_feeds_the_assessment_would_be_told(tmp_path: Path) -> None:
    """The contract bites: an import of the mechanism from the assessment breaks it."""
    package = tmp_path / "rearm"
    for room in ("assessment", "mechanism"):
        (package / room).mkdir(parents=True)
        (package / room / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "assessment" / "__init__.py").write_text("import rearm.mechanism\n")
    (tmp_path / "lint.toml").write_text(
        '[tool.importlinter]\nroot_package = "rearm"\n[[tool.importlinter.contracts]]\nname ='
        ' "x"\ntype = "forbidden"\nsource_modules = ["rearm.assessment"]\nforbidden_modules ='
        ' ["rearm.mechanism"]\n'
    )
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from importlinter.cli import"
        " lint_imports_command as c; c()"
    )
    command = [sys.executable, "-c", program, "--config", str(tmp_path / "lint.toml"), "--no-cache"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "BROKEN" in found.stdout


@pytest.mark.parametrize(
    "heavy", ["polars", "sqlglot", "typer", "vl_convert", "numpy", "jinja2", "numba"]
)
def test_import_rearm_loads_nothing_heavy(heavy: Any) -> None:
    program = f"import sys, rearm; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_public_names() -> None:
    import rearm

    for name in some(rearm.__all__):
        assert getattr(rearm, name) is not None
    import rearm.assessment.pipeline

    assert callable(rearm.assess)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = rearm.nothing
