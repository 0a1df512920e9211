"""The window, the only place that imports textual and rich.

Data comes down to it as views and events; what it wants of a node goes through the fleet.
"""
