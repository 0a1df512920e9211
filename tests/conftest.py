"""Whatever a test does, what it writes shows no password that ours are given."""

import gc
import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings

from tests.canary import found_below, leaks
from tests.clock import Clock
from tests.faultserver import refusing

# The same examples in every run: no seed of the day, no database, no slow machine's deadline.
# `make quick` tries half of them.
settings.register_profile(
    "rsdeck",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=50 if os.environ.get("RSDECK_QUICK") else 100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile("rsdeck")


def pytest_configure() -> None:
    """Let no child inherit an ignored signal, as under nohup or in a shell's background.

    A handler, unlike SIG_IGN, does not outlive exec; and this one lets the tests go on.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among what is imported and collected, then and later: it all stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what waits for terminals, on every second worker, while the others compute.

    Each worker gets an equal part of the list, and begins with its first tests. Towards the end,
    where workers take over what others have not begun, nothing is left that takes long.
    """
    pairs = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) // 2
    waits = [item for item in items if item.get_closest_marker("terminal")]
    rest = [item for item in items if not item.get_closest_marker("terminal")]
    if pairs:
        items[:] = [
            item
            for pair in range(pairs)
            for those in (waits, rest)
            for item in those[len(those) * pair // pairs : len(those) * (pair + 1) // pairs]
        ]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a test fail whose captured output, or log, holds the canary in any form."""
    report = yield
    written = report.capstdout + report.capstderr + report.caplog
    if report.passed and leaks(written.encode("utf-8", "replace")):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} ({call.when}): its output or its log shows the canary"
    return report


@pytest.fixture(scope="session", autouse=True)
def no_secret_is_kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Search, when all is over, what the deck has kept in the homes that tests gave it.

    Configurations are not searched: some hold the canary, to see it refused.
    """
    yield
    base = tmp_path_factory.getbasetemp()
    kept: list[Path] = [
        folder for name in ("state", "cache", ".cache", "logs") for folder in base.rglob(name)
    ]
    assert found_below(*kept) == {}


@pytest.fixture(scope="session", autouse=True)
def nothing_more_is_frozen() -> Iterator[None]:
    """Let a deck that starts in this process exempt nothing from the search for garbage.

    It would never be removed, and with it whatever it refers to: connections, exceptions, tasks.
    """
    with patch.object(gc, "freeze"):
        yield


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Give a port of loopback that refuses connections while the test runs."""
    with refusing() as port:
        yield port
