"""Serve many lively simulated clusters in this process: `python benchmarks/crowd.py NODES`.

Prints one JSON object, node name → [url, cluster, fingerprint], and serves until its input ends.
"""

import json
import sys
from contextlib import ExitStack

from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster

MEMBERS = 25
"""How many nodes a cluster has: as many as a large real one."""


def main() -> None:
    """Serve as many nodes as the command line names."""
    missing, number = int(sys.argv[1]), 0
    served_nodes: dict[str, tuple[str, str, str]] = {}
    with ExitStack() as stack:
        while missing:
            number, count = number + 1, min(missing, MEMBERS)
            cluster = Cluster(count, name=f"c{number}.example", handle_redirects=True, lively=True)
            served = stack.enter_context(SimulatedCluster(cluster))
            for uid, url in served.urls.items():
                served_nodes[f"c{number}-n{uid}"] = (url, f"c{number}", served.fingerprint)
            missing -= count
        print(json.dumps(served_nodes), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
