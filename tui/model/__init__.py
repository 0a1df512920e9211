"""Plain data and pure functions: what a node, a cluster, an order and an event are.

Imports nothing else of rsdeck, only the standard library, and touches no clock, file or network.
"""
