"""What holds for every test: how random the property tests are, which tests may be skipped."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from tests.support.places import COHORT

if TYPE_CHECKING:
    from tests.support.databases import NewDatabase, Stocked

IN_CI = os.environ.get("REARM_CI") == "1"

# `make test` draws the same inputs on every machine; `make gate-property` draws new and more ones.
settings.register_profile("test", derandomize=True, database=None, deadline=None)
settings.register_profile(
    "gate",
    max_examples=3000,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if COHORT.is_dir():
        return
    absent = pytest.mark.skip(reason="the shared data are not on this machine")
    for item in items:
        if item.get_closest_marker("shared_data"):
            item.add_marker(absent)


def _must_run(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure that says why it was skipped."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"skipped, which REARM_CI=1 forbids: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    expected_to_fail = hasattr(report, "wasxfail")
    allowed = item.get_closest_marker("shared_data") is not None
    if IN_CI and report.skipped and not expected_to_fail and not allowed:
        _must_run(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if IN_CI and report.outcome == "skipped":
        _must_run(report)
    return report


@pytest.fixture(scope="session")
def postgres() -> Iterator[NewDatabase]:
    """New databases of a PostgreSQL server, which is started once for each process of the tests."""
    from tests.support.databases import new_databases

    with new_databases() as found:
        yield found


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Stocked:
    """Boards with patients on either database; the server is started when one is asked for."""
    from tests.support.databases import Stocked

    return Stocked(tmp_path_factory.mktemp("stocked"), lambda: request.getfixturevalue("postgres"))


@pytest.fixture(autouse=os.environ.get("REARM_BOARD_ON") == "postgresql")
def _on_server(request: pytest.FixtureRequest) -> Iterator[None]:
    """`REARM_BOARD_ON=postgresql`: the boards of all tests stand on a server; for the gate."""
    from tests.support.board import ON_SERVER

    ON_SERVER[:] = [request.getfixturevalue("postgres")]
    yield
    ON_SERVER.clear()
