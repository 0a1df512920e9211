"""Services down, nodes across: the grid, its heads, and the table that shows it.

Stands on `tui.ui.table`; it polls nothing and keeps no state of a node.
"""
