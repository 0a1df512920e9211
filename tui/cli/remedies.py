"""What helps against a trouble, worded as commands: here is no key to press."""

from tui.model.reading import Remedy, Trouble

_REMEDIES = {
    Remedy.REFRESH: "run it again",
    Remedy.SHOW_CERTIFICATE: "`rsdeck trust {node}` shows both",
    Remedy.GIVE_PASSWORD: "fix the password's source, or run it on a terminal",
    Remedy.RETRY_PASSWORD: "see why it is not answered before you run it again",
    Remedy.FIX_CLIENT_CERTIFICATE: (
        "fix client_cert and client_key, or the cluster's user, and run it again"
    ),
}
"""A command polls once: what waits or resumes by itself in the deck is not worded here."""


def trouble_text(trouble: Trouble, node: str) -> str:
    """Return why a node could not be polled, and in parentheses what helps."""
    remedies = [_REMEDIES[remedy] for remedy in trouble.remedies if remedy in _REMEDIES]
    texts = [text.format(node=node) for text in remedies]
    hint = "; ".join(filter(None, (*texts, trouble.hint)))
    return f"{trouble.text} ({hint})" if hint else trouble.text
