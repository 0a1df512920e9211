"""The terminal: taken when the deck opens, given back however it ends."""
