"""What a key starts: an order, a rollout, a change of a profile, a notification, a snapshot.

Each opens the dialogs of its subject and calls the fleet; none draws anything.
"""
