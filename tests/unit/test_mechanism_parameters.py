"""Every number of the wing has a source or says that it is assumed; targets are consistent; the
wing stands apart.
"""

import ast
from pathlib import Path

import pytest
from tests.support.loops import some

from rearm.mechanism.compare import load_targets
from rearm.mechanism.data import drug
from rearm.mechanism.model import PARAMETERS, output_index
from rearm.mechanism.parameters import load
from rearm.mechanism.therapies import bispecific_level, direct_rate

SOURCE = Path(__file__).resolve().parents[2] / "src" / "rearm"


def test_every_parameter_has_a_source_or_an_assumption_and_a_unit() -> None:
    for p in some(load().parameters.values()):
        assert p.unit and p.meaning and (p.source or p.assumption), p.name
        assert p.low <= p.value <= p.high, p.name


def test_every_number_of_the_kernel_is_defined() -> None:
    m = load()
    weights = {n for n in PARAMETERS if n[:2] in ("w_", "a_") and n not in m.parameters}
    assert set(PARAMETERS) - weights <= set(m.parameters)


def test_shares_add_to_one_and_name_every_mechanism() -> None:
    m = load()
    for product in some(m.weights):
        assert set(m.weights[product]) == set(m.names)
        assert abs(m.shares(product).sum() - 1.0) < 1e-12


def test_targets_are_consistent() -> None:
    for t in some(load_targets()):
        assert t.source and t.use in ("fit", "predict", "beyond"), t.id
        assert t.use != "beyond" or t.why, t.id
        assert t.low is None or t.high is None or t.low <= t.value <= t.high, t.id
        if t.use == "fit":  # what is called a prediction never entered the fit
            assert t.salvage is None and t.population is None, t.id
    assert len({t.id for t in load_targets()}) == len(load_targets())


def test_doses_add_up_as_single_doses_do() -> None:
    """The closed geometric series of a repeated dose equals the sum of its doses, one by one."""
    import math

    m = load()
    d = drug(m, "bispecific_bcma", start=10.0, end=52.0)
    row = d.row()
    for t in (9.0, 10.0, 16.9, 17.0, 30.5, 52.0, 80.0):
        ages = [t - 10.0 - 7.0 * j for j in range(int(d.doses)) if t - 10.0 - 7.0 * j >= 0]
        want = sum(d.amp * (math.exp(-d.k_e * s) - math.exp(-d.k_a * s)) for s in ages)
        assert abs(bispecific_level(row, t)[0] - want) < 1e-9


def test_a_direct_drug_is_off_before_its_start_and_fades_after_its_end() -> None:
    row = drug(load(), "pi", start=10.0, end=40.0).row()
    assert direct_rate(row, 9.9) == (0.0, 0.0)
    assert direct_rate(row, 39.0)[0] > direct_rate(row, 45.0)[0] > direct_rate(row, 60.0)[0] > 0


def test_an_unknown_output_is_named() -> None:
    with pytest.raises(KeyError, match="no output named 'x'"):
        output_index(["x"])


def test_the_wing_feeds_nothing() -> None:
    """No module that judges patients imports the mechanism wing."""
    outside = [
        path
        for path in SOURCE.glob("**/*.py")
        if path.relative_to(SOURCE).parts[0] not in ("mechanism", "cli")
        and path.parent != SOURCE / "report" / "mechanism"
    ]
    assert len(outside) > 100
    for path in outside:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(n.startswith("rearm.mechanism") for n in names), path


def test_every_compiled_module_takes_part_in_the_name_of_the_cache() -> None:
    """A helper that is left out could change without a fresh compilation."""
    pytest.importorskip("numba")
    from rearm.mechanism.jit import MODULES

    folder = SOURCE / "mechanism"
    used = {"jit.py"}
    for path in folder.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        modules = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
        if "rearm.mechanism.jit" in modules:
            used |= {path.name}
            used |= {f"{m.rsplit('.', 1)[1]}.py" for m in modules if m.startswith("rearm.mech")}
    assert {"kernel.py", "model.py", "likelihood.py"} <= used <= set(MODULES)


def test_numba_is_imported_in_one_place() -> None:
    users = [
        p.name for p in (SOURCE).glob("**/*.py") if "import numba" in p.read_text(encoding="utf-8")
    ]
    assert users == ["jit.py"]
