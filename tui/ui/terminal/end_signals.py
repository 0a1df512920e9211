"""The signals that end the deck."""

import signal

REASONS = {
    signal.SIGTERM: "ended by SIGTERM",
    signal.SIGHUP: "ended by SIGHUP",
    signal.SIGQUIT: "ended by SIGQUIT",
    signal.SIGINT: "interrupted",
}
"""The signals that end the deck, and what it reports then."""
