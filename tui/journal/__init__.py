"""The journal of orders: what was ordered here is on the disk before it leaves for a node.

journal.jsonl   one record a line, ASCII JSON, each chained to the line before it
locks/          one file for each name of a node, locked while an order is open on it
"""
