"""What a key sets in motion: an order, a rollout, a profile, a notification, a snapshot.

Each opens the dialogs of its subject and calls the fleet; none draws anything.
"""
