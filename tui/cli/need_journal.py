"""What an action needs before it is confirmed: a place where it can be recorded."""

from tui.cli.errors import CommandError, ErrorCode


def need_journal(exit_code: int) -> None:
    """Raise CommandError where no action could be recorded, as it would not be sent then."""
    from tui.journal.journal_file import JournalError, JournalFile
    from tui.storage.paths import state_dir

    try:
        JournalFile(state_dir()).check()
    except JournalError as error:
        text = f"{error}; nothing was sent"
        raise CommandError(text, ErrorCode.STORAGE, exit_code=exit_code) from None


def unrecorded_text(trouble: str) -> str:
    """Return the remark that says that something was sent, and why the journal lacks its result."""
    return f"the journal lacks what came of it: {trouble}"
