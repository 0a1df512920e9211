"""Start, stop and restart: the guard, the one POST, the watch after it, the verdict by evidence.

Knows nothing of rollouts, windows or keys.
"""
