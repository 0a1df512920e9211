"""TLS: contexts for each kind of trust, the pin inside the handshake, reading certificates.

Sends no HTTP, and nothing here reads the configuration.
"""
