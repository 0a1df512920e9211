"""How many of a node's services are well, and which are not: counted once a reading. Pure."""

from dataclasses import dataclass

from tui.model.service import Service


@dataclass(frozen=True, slots=True)
class ServiceCounts:
    """Counts over one reading; `problems` are what somebody should look at, the worst first."""

    well: int = 0
    total: int = 0
    problems: tuple[Service, ...] = ()

    @classmethod
    def of(cls, services: tuple[Service, ...], disabled: frozenset[str]) -> "ServiceCounts":
        """Count; `disabled` are configuration names that the cluster has switched off."""
        healths = [(one.health(disabled), one) for one in services]
        faulty = [(health.value, one) for health, one in healths if health.is_problem]
        return cls(
            well=sum(health.is_well for health, _ in healths),
            total=len(healths),
            problems=tuple(one for _, one in sorted(faulty, key=lambda pair: pair[0])),
        )


class CountsCache:
    """Gives the tally of a node as it stands, and counts again only what has changed."""

    def __init__(self) -> None:
        self._services: tuple[Service, ...] | None = None
        self._disabled: frozenset[str] = frozenset()
        self._tally = ServiceCounts()

    def of(self, services: tuple[Service, ...], disabled: frozenset[str]) -> ServiceCounts:
        """Give the tally of these very services."""
        if services is not self._services or disabled is not self._disabled:
            self._services, self._disabled = services, disabled
            self._tally = ServiceCounts.of(services, disabled)
        return self._tally
