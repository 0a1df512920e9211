"""What Prometheus reads of a watched fleet: the series, and the server that hands them out.

Holds no polling and no login of its own; imports neither textual nor the simulator.
"""
