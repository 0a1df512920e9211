"""One restart over the nodes of a cluster in turn: the plan, the gates, the pause at any trouble.

Sees the fleet only through the `RolloutHost` protocol, and sends only what `orders` sends.
"""
