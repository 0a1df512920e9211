"""The history over all sessions: events, states of services, and when each node was watched.

history.sqlite3   one writer (who holds history.lock), any number of readers

Times in the database are seconds since 1970 of this machine's wall clock, but `started`, which is
the node's own clock.
"""
