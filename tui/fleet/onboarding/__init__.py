"""From an address to a profile: test the connection, pin the certificate, find the other nodes.

Sends nothing but GETs and the login, and writes only through `tui.config`.
"""
