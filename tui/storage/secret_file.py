"""Who may read a file that holds a secret."""

import os
import stat

_MOUNT_HINT = (
    "mount it with mode 0440 and a group of this user (Kubernetes: defaultMode 0440 and an "
    "fsGroup; Docker: mode 0440 and gid), or copy it to a file of your own"
)


def secret_file_fault(handle: int) -> tuple[str, str] | None:
    """Return why an open file is no place for a secret and what to do, or None if it is one.

    It is this user's and no other user's (0600), or it is mounted: root's, and at most its group
    may read it (0440, as Kubernetes and Docker mount a secret for a user who is not root).
    """
    status = os.fstat(handle)
    mode = stat.S_IMODE(status.st_mode)
    if not stat.S_ISREG(status.st_mode):
        return "it is not a plain file", "name a plain file"
    if status.st_uid not in {os.geteuid(), 0}:
        return "it belongs to another user", "use a file of your own"
    if not mode & 0o077 or (status.st_uid == 0 and not mode & ~0o440):
        return None
    hint = _MOUNT_HINT if _is_mounted(handle, status) else "run: chmod 600 on that file"
    return "others may read or write it", hint


def _is_mounted(handle: int, status: os.stat_result) -> bool:
    """Whether this user cannot change the mode: another user's file, or on a read-only disk."""
    is_own = status.st_uid == os.geteuid() or os.geteuid() == 0
    return not is_own or bool(os.fstatvfs(handle).f_flag & os.ST_RDONLY)
