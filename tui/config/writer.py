"""Write profiles into a configuration: completely or not at all, and never over another change."""

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from tui.config.config_file import read_bytes
from tui.config.errors import ConfigError
from tui.config.key_lines import dotted_key
from tui.config.loader import parse_configuration
from tui.config.profile import Configuration, NodeProfile, fields_of
from tui.config.profile_rules import check_profile

_PATIENCE = 5.0
"""Seconds to wait for another rsdeck that writes the same file."""

_PATHS = ("password_file", "ca_file", "client_cert", "client_key")


def save_profile(
    path: Path,
    profile_name: str,
    fields: Mapping[str, object],
    *,
    replacing: str | None,
    digest: str,
) -> Configuration:
    """Write a new profile, or change the one called `replacing` (the name may change too).

    `digest` is that of the Configuration that the user saw; a field that is None is removed.
    Returns the new Configuration. Raises ConfigError, and then the file is as it was.
    """
    path = path.absolute()
    profile = check_profile(profile_name, fields, folder=path.parent, file=path)

    def edit(text: str, before: Configuration) -> tuple[str, tuple[NodeProfile, ...]]:
        return _save(text, before, profile, _given(profile, fields), replacing)

    return _rewrite(path, digest, edit)


def save_changes(
    path: Path, changes: Mapping[str, Mapping[str, object]], *, digest: str
) -> Configuration:
    """Change fields of several profiles, by profile name, in one write.

    `digest` is that of the Configuration that the user saw; a field that is None is removed.
    Returns the new Configuration. Raises ConfigError, and then the file is as it was.
    """
    path = path.absolute()

    def edit(text: str, before: Configuration) -> tuple[str, tuple[NodeProfile, ...]]:
        nodes = before.nodes
        for name, changed in changes.items():
            old = _known(before, name)
            fields = {**fields_of(old), **changed}
            profile = check_profile(name, fields, folder=path.parent, file=path)
            text, nodes = _save(
                text, replace(before, nodes=nodes), profile, _given(profile, fields), name
            )
        return text, nodes

    return _rewrite(path, digest, edit)


_Edit = Callable[[str, Configuration], tuple[str, tuple[NodeProfile, ...]]]


def _given(profile: NodeProfile, fields: Mapping[str, object]) -> dict[str, object]:
    """Omit fields at their defaults, but keep a path as it was typed."""
    return {
        field: fields[field] if field in _PATHS else value
        for field, value in fields_of(profile).items()
    }


def _known(before: Configuration, name: str) -> NodeProfile:
    profile = before.node(name)
    if profile is None:
        raise ConfigError("there is no such node", file=before.path, key=dotted_key("nodes", name))
    return profile


def _save(
    text: str,
    before: Configuration,
    profile: NodeProfile,
    fields: dict[str, object],
    replacing: str | None,
) -> tuple[str, tuple[NodeProfile, ...]]:
    """Return the new text, and the profiles that it must hold."""
    from tui.config.text_edit import with_added, with_changed

    if profile.name != replacing and before.node(profile.name) is not None:
        key = dotted_key("nodes", profile.name)
        raise ConfigError("there is already a node of that name", file=before.path, key=key)
    if replacing is None:
        return with_added(text, profile.name, fields), (*before.nodes, profile)
    old = _known(before, replacing)
    known = fields_of(old)
    meant = fields_of(profile)
    for field in _PATHS:
        # A path that means the same, however it is written, keeps its line.
        if field in fields and meant.get(field) == known.get(field):
            known[field] = fields[field]
    nodes = tuple(profile if node is old else node for node in before.nodes)
    return with_changed(text, replacing, profile.name, fields, known), nodes


def _rewrite(path: Path, digest: str, edit: _Edit) -> Configuration:
    from tui.config.text_edit import NotEditable

    target = Path(os.path.realpath(path))
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(target):
            data = read_bytes(target)
            if (hashlib.sha256(data).hexdigest() if data is not None else "") != digest:
                raise ConfigError(
                    "has changed since it was read",
                    file=path,
                    hint="nothing was written; open the deck again to see the change",
                )
            before = parse_configuration(data, path)
            text, nodes = edit((data or b"").decode(), before)
            after = _checked(text, path, before, nodes)
            _replace(target, text.encode())
    except NotEditable:
        raise _by_hand(path) from None
    except OSError as error:
        raise ConfigError(
            f"cannot be written: {error.strerror or type(error).__name__}",
            file=path,
            hint="nothing was changed; make room or make the folder writable, or use --config",
        ) from None
    return after


def _checked(
    text: str, path: Path, before: Configuration, nodes: tuple[NodeProfile, ...]
) -> Configuration:
    """Parse the new text as at start, and check that nothing but the given nodes changed."""
    after = parse_configuration(text.encode(), path)
    rest = replace(after, nodes=before.nodes, digest=before.digest)
    if rest != before or set(after.nodes) != set(nodes):
        raise _by_hand(path)
    return after


def _by_hand(path: Path) -> ConfigError:
    return ConfigError(
        "is written in a form that rsdeck does not edit",
        file=path,
        hint="nothing was changed; edit it by hand, or write each node as [nodes.NAME]",
    )


@contextlib.contextmanager
def _locked(target: Path) -> Iterator[None]:
    """Hold the lock for writing `target`; the kernel frees it when the process ends."""
    lock = target.with_name(f"{target.name}.lock")
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(lock, flags, 0o600)
    try:
        until = time.monotonic() + _PATIENCE
        while not _has(handle):
            if time.monotonic() > until:
                raise ConfigError("is being written by another rsdeck", file=target)
            time.sleep(0.02)
        yield
    finally:
        os.close(handle)


def _has(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _replace(target: Path, data: bytes) -> None:
    """Replace `target` by `data` atomically; a new file is readable by its owner alone."""
    import tempfile

    mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    made = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            os.fchmod(stream.fileno(), mode)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        made.replace(target)
    finally:
        made.unlink(missing_ok=True)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
