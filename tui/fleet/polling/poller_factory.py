"""Makes the pollers of a configuration, which share logins and what their clusters say."""

from collections.abc import Callable, Hashable

from tui.config import NodeProfile
from tui.credentials import Passwords
from tui.fleet.login.shared_login import Login, login_key
from tui.fleet.polling.cluster_cache import ClusterCache
from tui.fleet.polling.cluster_context import first_context_after
from tui.fleet.polling.poller import NodePoller, PollTiming, Publish
from tui.model.trust import UNCHECKED_BAR


class PollerFactory:
    """Makes pollers; `logins` are by who logs in where, `caches` by the name of the cluster.

    `read_only` is why none of the nodes takes orders, empty where they do.
    """

    def __init__(self, passwords: Passwords, *, read_only: str) -> None:
        self.logins: dict[Hashable, Login] = {}
        self.caches: dict[str, ClusterCache] = {}
        self._passwords = passwords
        self._read_only = read_only

    def make(
        self,
        profile: NodeProfile,
        *,
        timing: PollTiming,
        beside: int,
        publish: Publish,
        is_ordered: Callable[[], bool] = lambda: False,
    ) -> NodePoller:
        """Make the poller of a profile, the next to `beside` others."""
        login = self.logins.setdefault(
            login_key(profile), Login.of(profile, self._passwords.refused)
        )
        return NodePoller(
            profile,
            login=login,
            passwords=self._passwords,
            cluster=self._cache_for(profile, beside),
            timing=timing,
            read_only=self._read_only or barred(profile),
            publish=publish,
            is_ordered=is_ordered,
        )

    def keep(self, clusters: set[str]) -> None:
        """Forget what other clusters said."""
        self.caches = {name: self.caches[name] for name in self.caches.keys() & clusters}

    def _cache_for(self, profile: NodeProfile, beside: int) -> ClusterCache:
        """Return the cache of a profile's cluster; that of a node without one ends with it."""
        if profile.cluster in self.caches:
            return self.caches[profile.cluster]
        cache = ClusterCache(context_after=first_context_after(beside))
        if profile.cluster:
            self.caches[profile.cluster] = cache
        return cache


def barred(profile: NodeProfile) -> str:
    """Return why a node takes no orders, by its profile; empty where it does."""
    if profile.read_only:
        return "read-only: the node's profile says so"
    if profile.role is not None:
        return f"read-only: {profile.user} has a viewer's role, by the node's profile"
    # It is not known which node would get the order, nor whether it arrives as it was sent.
    return UNCHECKED_BAR if profile.is_unchecked else ""
