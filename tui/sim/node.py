"""One node of the simulated cluster: its programs, and whether it can be reached."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tui.sim.catalogue import is_instance
from tui.sim.service_process import Process


@dataclass(slots=True)
class Node:
    """A node with its programs by name; `cuts` counts how often its connections were cut.

    `observed_at` is when the cluster last saw it, in Unix seconds, None where it sees it now;
    `maintenance_since` is when its maintenance began, None where there is none.
    """

    uid: int
    hostname: str
    addr: str = "127.0.0.1"
    powered: bool = True
    processes: dict[str, Process] = field(default_factory=dict)
    cuts: int = 0
    observed_at: float | None = None
    maintenance_since: float | None = None
    off: dict[str, dict[str, Process]] = field(default_factory=dict)

    def take_off(self, name: str) -> None:
        """Remove the programs of a configuration name from the supervisor."""
        gone = {
            service: self.processes[service]
            for service in self.processes
            if is_instance(service, name)
        }
        for service, process in gone.items():
            process.halt()
            del self.processes[service]
        self.off[name] = gone

    def put_back(self, name: str, now: float, make: Callable[[str], Process]) -> None:
        """Add the programs of a configuration name to the supervisor, and start them."""
        back = self.off.pop(name, None) or {name: make(name)}
        for process in back.values():
            process.start(now)
        self.processes |= back

    def listens(self, now: float) -> bool:
        """Whether the port answers: powered, and the proxy up."""
        return self.powered and self._runs("envoy", now)

    def serves(self, now: float) -> bool:
        """Whether the REST server behind the proxy is up."""
        return self._runs("cnm_http", now)

    def _runs(self, service: str, now: float) -> bool:
        process = self.processes.get(service)
        if process is None:
            return True
        process.advance(now)
        return process.is_running
