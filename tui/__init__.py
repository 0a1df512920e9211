"""rsdeck: a terminal deck for the services of Redis Software nodes."""

__version__ = "0.1.0"
