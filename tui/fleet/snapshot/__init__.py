"""All that is known at one moment, as text and JSON, without a secret in it.

Reads the fleet and writes files; it polls nothing and changes nothing.
"""
