"""The command line: one module a command, each importing what it needs when it runs.

stdout is data and stderr is narration; `rsdeck status` never imports textual.
"""
