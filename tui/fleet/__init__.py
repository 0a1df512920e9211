"""The headless core: watched nodes, orders, rollouts, events. Window and command line stand on it.

Imports no textual and no rich, and never httpx itself: the client comes from `tui.api`.
"""
