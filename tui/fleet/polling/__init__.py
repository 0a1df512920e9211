"""One loop a node: poll, publish, wait; and what is learnt of node and cluster on the way.

Judges no event and gives no order; it imports the login and nothing else of the fleet.
"""
