"""Test a node before its profile is saved: what answers there, and whether to trust it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from tui.api.errors import ApiError, LoginRefused, Untrusted
from tui.config import NodeProfile
from tui.credentials import Passwords, Secret
from tui.fleet.login.shared_login import Login, LoginStopped
from tui.fleet.polling.identity import REBIND, IdentityCheck
from tui.fleet.polling.node_connection import NodeConnection, check_services_answer
from tui.model.dataclass import dataclass
from tui.model.node import Identity
from tui.model.service import Service

if TYPE_CHECKING:
    from tui.api.client import NodeReader
    from tui.credentials.refused_logins import RefusedLogins

_LOCKOUT = "fix user or password before the next test: five failures lock the user for half an hour"


@dataclass(frozen=True, slots=True)
class ConnectionTestResult:
    """What a connection test found, in sentences.

    `fingerprint` is what the node presents, where it is not trusted and nothing was pinned before;
    where another certificate was pinned, `is_another` instead. What helps then is for the form to
    say. `identity` is who answered, as far as it said so.
    """

    well: bool
    texts: tuple[str, ...]
    fingerprint: str = ""
    is_another: bool = False
    identity: Identity = field(default_factory=Identity)


async def try_connection(
    profile: NodeProfile,
    typed: Secret | None,
    timeout: float,
    memory: RefusedLogins | None = None,
) -> ConnectionTestResult:
    """Poll a node once as the profile says; `typed` is a password that is kept nowhere.

    With a `memory` its refusals count for later tests and for other processes, and theirs for it.
    """
    passwords = Passwords(refused=memory)
    if typed is not None:
        passwords.keep(profile, typed)
    login = Login.of(profile, memory)
    line = NodeConnection(profile, login, passwords, timeout, lambda: False)
    try:
        async with line.hold() as reader:
            where = f"{profile.name} ({profile.url})"
            services = check_services_answer(await reader.services(), where)
            line.prove()
            return await _ask(profile, reader, services)
    except LoginStopped as stopped:
        return ConnectionTestResult(well=False, texts=(str(stopped),))
    except Untrusted as error:
        return _untrusted(error)
    except LoginRefused as error:
        return ConnectionTestResult(well=False, texts=(str(error), _LOCKOUT))
    except ApiError as error:
        return ConnectionTestResult(well=False, texts=(str(error), error.trouble.hint))
    finally:
        await line.shut()


async def _ask(
    profile: NodeProfile, reader: NodeReader, services: Sequence[Service]
) -> ConnectionTestResult:
    try:
        identity = await reader.identity()
    except LoginRefused:
        raise  # every further call would be one more failed login
    except ApiError:
        identity = Identity()
    check = IdentityCheck(profile)
    check.answered(identity)
    if check.wrong:
        return ConnectionTestResult(well=False, texts=(check.wrong, REBIND))
    try:
        facts = await reader.cluster_facts()
    except LoginRefused:
        raise
    except ApiError as error:
        text = f"what the cluster says of itself is not known from here: {error}"
        return ConnectionTestResult(
            True, (_services(services), identity.title, text), identity=identity
        )
    member = facts.member(identity.uid)
    who = f"node:{member.uid} {member.hostname} ({member.role.value})" if member else identity.title
    optional = "unknown" if facts.optional is None else str(len(facts.optional))
    cluster = f"cluster {facts.name or 'without a name'}, {optional} optional services"
    return ConnectionTestResult(True, (_services(services), who, cluster), identity=identity)


def _services(services: Sequence[Service]) -> str:
    well = sum(service.health().is_well for service in services)
    return f"it answers: {well} of {len(services)} services are running"


def _untrusted(error: Untrusted) -> ConnectionTestResult:
    # One that took the place of the pinned one is not offered: a person compares it first.
    if error.expected:
        return ConnectionTestResult(well=False, texts=(str(error),), is_another=True)
    if not error.got:
        return ConnectionTestResult(well=False, texts=(str(error), error.trouble.hint))
    fingerprint = f"sha256:{error.got}"
    return ConnectionTestResult(well=False, texts=(str(error),), fingerprint=fingerprint)
