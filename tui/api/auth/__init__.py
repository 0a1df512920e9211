"""Credentials of a request: the Authorization header, tokens, and how a login is kept.

Decides nothing about retries of other nodes; that is `tui.fleet.login`.
"""
