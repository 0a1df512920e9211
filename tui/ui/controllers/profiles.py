"""Profiles from a key: log in, trust, add, edit, discover the rest of a cluster.

The dialogs are imported when they are first opened.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from textual.app import App
from textual.screen import Screen

from tui.concurrency import run_in_thread
from tui.config import ConfigError, Configuration, NodeProfile, load
from tui.config.changes import FileWatch, compare_configurations, file_stamp
from tui.credentials import Secret
from tui.fleet.fleet import Fleet
from tui.model.dataclass import dataclass
from tui.model.reading import TroubleKind
from tui.model.trust import UNCHECKED, PinnedTrust
from tui.ui.format.status_lines import Palette
from tui.ui.keymap import key_text

if TYPE_CHECKING:
    from tui.fleet.onboarding.discovery import Discovery, LoginConsent
    from tui.ui.dialogs.node_form import SavedProfile


_READ_WITHIN = 5.0
"""Seconds that reading the configuration may take."""

_LOOKS_EVERY = 5
"""Seconds after which the file is looked at: a change is shown after two looks at most."""

_UNCHANGED = "Nothing was changed."
_NO_SOURCE = "no password yet: its profile names no source; type it here"


class ShownNode(Protocol):
    """The screen that shows one node at a time, as profiles need it."""

    here: str
    """The name of the node that is shown; empty where there is none."""

    notice: str
    """What is to be known of the configuration file; empty where there is nothing."""

    @property
    def live_keys(self) -> Mapping[str, str]:
        """Binding id → the keys it has now."""

    def go_to(self, node: str) -> None:
        """Show another node."""

    def refresh_all(self) -> None:
        """Show everything as it is now."""


@dataclass(frozen=True, slots=True)
class AddedProfiles:
    """The configuration after profiles were added to it, and what was written, as a sentence."""

    configuration: Configuration
    text: str


_Read = TypeVar("_Read")

Discover = Callable[["LoginConsent"], Awaitable["Discovery"]]

DiscoveryScreen = Callable[
    [Configuration, NodeProfile, Discover, Palette], Screen[AddedProfiles | None]
]
"""Makes the screen that discovers nodes and adds profiles for them."""


class ProfileController:
    """Opens the dialogs of profiles, and lets the fleet adopt what was written."""

    def __init__(
        self,
        app: App[None],
        deck: ShownNode,
        fleet: Fleet,
        configuration: Configuration,
        *,
        warn: Callable[[str], None],
        palette: Callable[[], Palette],
        discovery_screen: DiscoveryScreen,
    ) -> None:
        self._app = app
        self._deck = deck
        self._fleet = fleet
        self._configuration = configuration
        self._warn = warn
        self._palette = palette
        self._discovery_screen = discovery_screen
        self._asked: set[tuple[int, int]] = set()
        self._certificate_shown: set[NodeProfile] = set()
        self._file_watch = FileWatch()
        self._is_looking = False
        self._seconds = 0

    @property
    def _picked(self) -> str:
        """The node under the picker's cursor, else the one that is shown."""
        return str(getattr(self._app.screen, "picked", self._deck.here))

    # Logins and certificates

    def node_shown(self, node: str) -> None:
        """Open the dialog that a shown node needs, once: for its password or its certificate."""
        if node in self._fleet:
            self._ask_password_once(node)
            self._show_certificate_once(node)

    def ask_at_start(self) -> None:
        """Open the password's dialog where it is sure to be needed: what is typed early goes there.

        A key of the deck would be made of it otherwise, until a poll has found that none is known.
        """
        node = self._deck.here
        if node in self._fleet and self._fleet.asks_for_password(node):
            login = self._fleet.watch(node).login
            self._asked.add((id(login), login.generation))
            self._ask_password(node, _NO_SOURCE)

    def _ask_password_once(self, node: str) -> None:
        """Ask once for each password that is needed; after that, a key does."""
        login = self._fleet.watch(node).login
        if login.username and login.trouble and (login.asks or login.refused):
            key = (id(login), login.generation)
            if key not in self._asked:
                self._asked.add(key)
                self._log_in(node)

    def log_in(self) -> None:
        """Ask for the password of the login of the node that is picked."""
        self._log_in(self._picked)

    def _log_in(self, node: str) -> None:
        if node not in self._fleet:
            return
        watch = self._fleet.watch(node)
        if not watch.profile.username:
            self._warn("This node's login is the client's certificate; there is no password.")
            return
        place = f"{watch.profile.place} "
        trouble = watch.login.trouble.removeprefix(place)
        self._ask_password(node, trouble or "It is logged in. A new password takes its place.")

    def _ask_password(self, node: str, reason: str) -> None:
        from tui.ui.dialogs.password import PasswordDialog

        watch = self._fleet.watch(node)
        if watch.profile.is_unchecked:
            reason = f"{UNCHECKED}; a man in the middle could read the password.\n{reason}"

        def given(secret: Secret | None) -> None:
            if secret is not None and node in self._fleet:
                self._fleet.renew(node, secret)

        profile = watch.profile
        screen = PasswordDialog(profile.username, profile.url, reason, self._palette())
        self._app.push_screen(screen, given)

    def _show_certificate_once(self, node: str) -> None:
        """Show the certificate of a node that is not trusted yet, once."""
        watch = self._fleet.watch(node)
        trouble, first = watch.reading.trouble, watch.reading.answered_at is None
        untrusted = trouble is not None and trouble.kind is TroubleKind.UNTRUSTED
        pinned = isinstance(watch.profile.trust, PinnedTrust)
        if untrusted and first and not pinned and watch.profile not in self._certificate_shown:
            self._certificate_shown.add(watch.profile)
            self._show_certificate(node)

    def show_certificate(self) -> None:
        """Show the certificate of the node that is picked, to compare it and pin it."""
        self._show_certificate(self._picked)

    def _show_certificate(self, node: str) -> None:
        from tui.ui.dialogs.trust import TrustDialog

        profile = self._configuration.node(node)
        if profile is None or not profile.url.startswith("https://"):
            self._warn("This node has no certificate to show." if node else "")
            return
        screen = TrustDialog(self._configuration, profile, self._palette())
        self._app.push_screen(screen, self._adopt)

    def _adopt(self, configuration: Configuration | None) -> None:
        if configuration is not None:
            self._configuration = configuration
            # The file may have changed again since this was read: it is compared once more.
            self._file_watch = FileWatch()
            self._fleet.adopt(configuration.nodes)
            self._deck.notice = ""
            self._deck.refresh_all()

    # Profiles

    def add(self) -> None:
        """Open the form for a new profile."""
        self._open_form(None)

    def edit(self) -> None:
        """Open the form for the profile of the node that is picked."""
        profile = self._configuration.node(self._picked)
        if profile is not None:
            self._open_form(profile)
        elif self._picked:
            self._warn("This node has no profile in the configuration, so there is none to edit.")

    def _open_form(self, profile: NodeProfile | None) -> None:
        from tui.ui.dialogs.node_form import NodeForm

        refused = self._fleet.refused_logins
        form = NodeForm(self._configuration, profile, self._palette(), refused)
        self._app.push_screen(form, self._saved)

    def _saved(self, saved: "SavedProfile | None") -> None:
        if saved is None:
            return
        before = {profile.name for profile in self._configuration.nodes}
        self._configuration = saved.configuration
        self._deck.notice = ""
        self._fleet.adopt(saved.configuration.nodes)
        if saved.typed is not None:
            self._fleet.renew(saved.name, saved.typed)
        fresh = [
            profile.name for profile in saved.configuration.nodes if profile.name not in before
        ]
        if fresh:
            self._deck.go_to(fresh[0])
        self._deck.refresh_all()

    # The configuration file

    def reread(self) -> None:
        """Read the configuration again, and ask before its profiles are adopted."""
        self._app.run_worker(self._reread(), group="reread", exclusive=True)

    async def _reread(self) -> None:
        try:
            after = await self._read()
        except TimeoutError:
            self._warn(f"The configuration was not read within {_READ_WITHIN:g} s. {_UNCHANGED}")
        except ConfigError as error:
            self._warn(f"{error}. {_UNCHANGED}")
        else:
            self._ask_to_adopt(after)

    async def _read(self) -> Configuration:
        """Read it in a thread: the file may be on a network that hangs.

        Raises ConfigError and TimeoutError.
        """
        path, is_there = self._configuration.path, bool(self._configuration.digest)
        async with asyncio.timeout(_READ_WITHIN):
            return await run_in_thread(
                ("configuration", path), lambda: load(path, must_exist=is_there)
            )

    def _ask_to_adopt(self, after: Configuration) -> None:
        from tui.ui.dialogs.reload import ReloadDialog

        changes = compare_configurations(self._configuration, after)
        self._show_notice("")
        if not changes:
            # A comment may be new, or a line: a form that saves needs the digest of this file.
            self._configuration = after
            self._app.notify("The configuration has not changed.", markup=False)
            return
        screen = ReloadDialog(after, changes, self._palette())
        self._app.push_screen(screen, self._adopt)

    def second_passed(self) -> None:
        """Look at the configuration file, if it is time; to be called each second."""
        self._seconds += 1
        if self._seconds % _LOOKS_EVERY == 0 and not self._is_looking:
            self._is_looking = True
            self._app.run_worker(self._look(), group="configuration")

    async def _look(self) -> None:
        path = self._configuration.path
        try:
            async with asyncio.timeout(_READ_WITHIN):
                stamp = await run_in_thread(("stamp", path), lambda: file_stamp(path))
            if self._file_watch.is_new(stamp):
                await self._show_change()
        except TimeoutError:
            self._file_watch = FileWatch()  # what could not be read is new the next time, too
        finally:
            self._is_looking = False

    async def _show_change(self) -> None:
        """Show that the file differs from what is adopted, or that it cannot be read."""
        name = self._configuration.path.name
        key = key_text(self._deck.live_keys["reread"])
        try:
            after = await self._read()
        except ConfigError as error:
            self._warn(f"{error}. What was read before stays.")
            self._show_notice(f"{name} changed and cannot be read: {key} shows why")
        else:
            # What this deck wrote itself is adopted by now, and does not differ.
            if compare_configurations(self._configuration, after):
                self._show_notice(f"{name} changed: {key} to read it")
            else:
                self._configuration = after
                self._show_notice("")

    def _show_notice(self, notice: str) -> None:
        if self._deck.notice != notice:
            self._deck.notice = notice
            self._deck.refresh_all()

    # The rest of a cluster

    def discover(self) -> None:
        """Find the other nodes of the cluster of the node that is picked."""
        from tui.fleet.onboarding.discovery import discover_from, source_node_for

        name = source_node_for(self._fleet.nodes, self._picked)
        profile = self._configuration.node(name)
        trouble = self._fleet.watch(name).login.trouble if name in self._fleet else ""
        if profile is None or trouble:
            self._warn(
                trouble or ("This node has no profile in the configuration." if name else "")
            )
            return
        discover = partial(discover_from, self._fleet.nodes, self._configuration, profile)
        screen = self._discovery_screen(self._configuration, profile, discover, self._palette())
        self._app.push_screen(screen, self._discovered)

    def _discovered(self, added: AddedProfiles | None) -> None:
        if added is not None:
            self._adopt(added.configuration)
            self._app.notify(added.text, markup=False)
