"""Answers in which nothing but uptimes went on."""

from typing import NoReturn

import pytest

from tui.model.service import LaterServices, Service


def unseen(first: tuple[Service, ...], seconds: int = 2) -> LaterServices:
    """Return the services of an answer so much later; a test fails where one is looked at."""
    uptimes: dict[int, int | None] = {
        place: service.uptime + seconds
        for place, service in enumerate(first)
        if service.uptime is not None
    }
    return LaterServices(first, lambda: uptimes, _fail)


def _fail() -> NoReturn:
    pytest.fail("a service was looked at")
