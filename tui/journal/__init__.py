"""The journal of orders: an order is on the disk before it is sent to a node.

journal.jsonl     one record a line, ASCII JSON, each chained to the line before it
journal.N.jsonl   the files before it, the highest N the newest
locks/            one file for each name of a node, locked while an order is open on it
"""
