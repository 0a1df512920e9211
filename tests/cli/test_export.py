"""`rsdeck export`: what Prometheus gets, over HTTP and HTTPS and in a file."""

import contextlib
import json
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import trustme

from tests.cli.conftest import PASSWORD, ROOT, USER, Command, until
from tui.cli.export import _fleet, _Listener
from tui.config import load
from tui.metrics.collector import RestartCounter
from tui.sim.server import SimulatedCluster

pytestmark = pytest.mark.real_time


def serve(known: Command, *args: str) -> "tuple[subprocess.Popen[str], str]":
    """Start an exporter on a free port; returns it and its address."""
    child = known.start("export", "--listen", "127.0.0.1:0", "--every", "1", *args)
    assert child.stderr is not None
    line = child.stderr.readline()
    assert "serving" in line
    return child, line.split()[-1].removesuffix("/metrics").strip()


def stop(known: Command, child: "subprocess.Popen[str]") -> None:
    child.send_signal(signal.SIGTERM)
    assert known.finish(child).code == 0


def get(url: str, context: ssl.SSLContext | None = None) -> str:
    with urllib.request.urlopen(url, timeout=10, context=context) as answer:  # noqa: S310 - loopback
        return str(answer.read().decode())


@pytest.mark.parametrize("goes_on", [True, False])
def test_an_exporter_that_ends_by_itself_writes_what_it_was_refused_before_it_ends(
    *, goes_on: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scheduler runs it each minute, and no thread of it lives until a slow disk has it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    configuration = load(tmp_path / "config.toml", must_exist=False)
    listener = _Listener(RestartCounter(), configuration.notify)
    refused = _fleet(configuration, 5.0, listener, goes_on=goes_on).refused_logins
    assert refused is not None
    before = {*threading.enumerate()}
    refused.add("operator", "demo")
    assert bool({*threading.enumerate()} - before) is goes_on
    if not goes_on:
        assert "operator" in (tmp_path / "rsdeck" / "refused-logins.json").read_text()


def test_the_state_of_every_service_is_served_and_follows_the_node(
    known: Command, served: SimulatedCluster
) -> None:
    child, url = serve(known)
    running = 'rsdeck_service_state{cluster="demo",name="ccs",node="node2",state="RUNNING"}'
    until(lambda: f"{running} 1.0" in get(f"{url}/metrics"))
    text = get(f"{url}/metrics")
    assert PASSWORD not in text
    assert USER not in text
    served.cluster.node(2).processes["ccs"].fix_status("FATAL")
    until(lambda: f"{running} 0.0" in get(f"{url}/metrics"))
    stop(known, child)
    sent = [record for record in served.cluster.requests if record.method != "GET"]
    assert {record.path for record in sent} <= {"/v1/users/authorize"}


def test_the_command_of_notify_gets_what_happens(
    known: Command, served: SimulatedCluster, tmp_path: Path
) -> None:
    got = tmp_path / "got"
    script = tmp_path / "page"
    script.write_text(f"#!/bin/sh\ncat >> {got}\nenv >> {got}\n", encoding="utf-8")
    script.chmod(0o755)
    text = known.config_path.read_text("utf-8")
    known.configure(f'[notify]\ncommand = ["{script}"]\ncommand_events = ["status"]\n{text}')
    child, url = serve(known)
    until(lambda: 'rsdeck_up{cluster="demo",node="node2"} 1.0' in get(f"{url}/metrics"))
    served.cluster.node(2).processes["ccs"].fix_status("FATAL")
    until(lambda: got.exists() and "PATH=" in got.read_text("utf-8"))
    stop(known, child)
    told = json.loads(got.read_text("utf-8").splitlines()[0])
    assert (told["node"], told["cluster"], told["service"]) == ("node2", "demo", "ccs")
    assert (told["status"], told["problem"]) == ("FATAL", True)
    assert PASSWORD not in got.read_text("utf-8")


def test_a_probe_gives_one_profile_and_takes_no_address(known: Command) -> None:
    child, url = serve(known)
    until(lambda: 'node="node1"' in get(f"{url}/probe?target=node1"))
    assert 'node="node2"' not in get(f"{url}/probe?target=node1")
    for target in ("https://127.0.0.1:1/", "nope", "", "node1&target=node2"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            get(f"{url}/probe?target={target}")
        refused.value.close()
        assert refused.value.code == 404
    stop(known, child)


def answered_without_certificate(url: str, context: ssl.SSLContext) -> bytes:
    """Return what a client without a certificate gets: nothing, or the end of the connection."""
    address = ("127.0.0.1", int(url.rpartition(":")[2]))
    with (
        socket.create_connection(address, 10) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        contextlib.suppress(OSError),
    ):
        connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        return connection.recv(1)
    return b""


def test_https_and_the_certificates_of_clients(known: Command, tmp_path: Path) -> None:
    authority = trustme.CA()
    issued, client = authority.issue_cert("127.0.0.1"), authority.issue_cert("prometheus@demo")
    files = {name: tmp_path / f"{name}.pem" for name in ("cert", "key", "ca")}
    issued.cert_chain_pems[0].write_to_path(str(files["cert"]))
    issued.private_key_pem.write_to_path(str(files["key"]))
    authority.cert_pem.write_to_path(str(files["ca"]))
    child, url = serve(
        known, "--tls-cert", str(files["cert"]), "--tls-key", str(files["key"]),
        "--client-ca", str(files["ca"]),
    )  # fmt: skip
    assert url.startswith("https://")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    assert answered_without_certificate(url, context) == b""
    client.configure_cert(context)
    assert "rsdeck_build_info" in get(f"{url}/metrics", context)
    stop(known, child)


def test_a_file_for_node_exporter_is_written_at_once_and_whole(
    known: Command, tmp_path: Path
) -> None:
    path = tmp_path / "rsdeck.prom"
    assert known.run("export", "--textfile", str(path)).code == 0
    text = path.read_text("utf-8")
    assert 'rsdeck_up{cluster="demo",node="node3"} 1.0' in text
    assert [found.name for found in tmp_path.iterdir() if "prom" in found.name] == ["rsdeck.prom"]


def test_a_node_that_is_down_is_in_the_file_and_in_the_exit_code(
    known: Command, served: SimulatedCluster, tmp_path: Path
) -> None:
    served.cluster.users[USER].password = "another"
    path = tmp_path / "rsdeck.prom"
    assert known.run("export", "--textfile", str(path)).code == 3
    assert 'rsdeck_up{cluster="demo",node="node1"} 0.0' in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("--listen", "9797"), "ADDRESS:PORT"),
        (("--listen", "127.0.0.1:99999"), "ADDRESS:PORT"),
        (("--tls-cert", "README.md"), "belong together"),
        (("--tls-cert", "README.md", "--tls-key", "README.md"), "certificate files"),
        (("--textfile", "/nowhere/x.prom"), "cannot write"),
    ],
)
def test_what_cannot_be_served_is_refused_with_the_reason(
    args: tuple[str, ...], why: str, known: Command
) -> None:
    ran = known.run("export", *args)
    assert ran.code == 2
    assert why in ran.err


def test_without_its_extra_the_command_says_what_to_install(known: Command) -> None:
    ran = known.run_process("export", argv=known.without("prometheus_client"))
    assert ran.code == 2
    assert "pip install 'rsdeck[metrics]'" in ran.err


PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")


def promtool(*args: str, stdin: str | None = None) -> None:
    ran = subprocess.run(  # noqa: S603 - our own files
        (PROMTOOL or "", *args), input=stdin, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@needs_promtool
def test_promtool_accepts_series_rules_and_configuration(known: Command, tmp_path: Path) -> None:
    path = tmp_path / "rsdeck.prom"
    assert known.run("export", "--textfile", str(path)).code == 0
    promtool("check", "metrics", stdin=path.read_text("utf-8"))
    promtool("check", "rules", "deploy/prometheus/rsdeck.rules.yml")
    promtool("check", "config", "deploy/prometheus/prometheus.yml")


@needs_promtool
def test_the_alert_rules_do_what_their_tests_say() -> None:
    promtool("test", "rules", "deploy/prometheus/rsdeck.rules.test.yml")


def dashboard_expressions() -> dict[str, str]:
    """Return the expression of each panel by its title, for every cluster and node."""
    text = (ROOT / "deploy/grafana/rsdeck.json").read_text("utf-8")
    text = text.replace("$cluster", ".*").replace("$node", ".*")
    panels = json.loads(text)["panels"]
    return {panel["title"]: panel["targets"][0]["expr"] for panel in panels}


def test_the_dashboard_asks_for_series_that_there_are(known: Command, tmp_path: Path) -> None:
    path = tmp_path / "rsdeck.prom"
    assert known.run("export", "--textfile", str(path)).code == 0
    names = {line.split()[2] for line in path.read_text("utf-8").splitlines() if "# TYPE" in line}
    text = (ROOT / "deploy/grafana/rsdeck.json").read_text("utf-8")
    panels = json.loads(text)["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    assert asked
    assert all(any(name in expression for name in names) for expression in asked)


PROMETHEUS = shutil.which("prometheus")


@pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is not installed")
def test_a_real_prometheus_sees_a_service_stop(
    known: Command, served: SimulatedCluster, tmp_path: Path
) -> None:
    exporter, url = serve(known)
    config = tmp_path / "prometheus.yml"
    target = url.removeprefix("http://")
    config.write_text(
        "global: {scrape_interval: 1s}\n"
        f"scrape_configs: [{{job_name: rsdeck, static_configs: [{{targets: ['{target}']}}]}}]\n",
        encoding="utf-8",
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(  # noqa: S603 - our own words
        (
            PROMETHEUS or "",
            f"--config.file={config}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def value(expression: str) -> str:
        """Return what Prometheus has for an expression; empty where it has nothing yet."""
        query = urllib.parse.urlencode({"query": expression})
        with contextlib.suppress(OSError):
            found = json.loads(get(f"http://127.0.0.1:{port}/api/v1/query?{query}"))
            return "".join(result["value"][1] for result in found["data"]["result"])
        return ""

    stopped = 'rsdeck_service_state{name="ccs",node="node2",state="STOPPED"}'
    panels = dashboard_expressions()
    try:
        until(lambda: value(stopped) == "0", seconds=60)
        assert value(panels["Services not running"]) == "0"
        served.cluster.node(2).processes["ccs"].fix_status("STOPPED")
        until(lambda: value(stopped) == "1", seconds=60)
        until(lambda: value(panels["Services not running"]) == "1", seconds=60)
        assert value(panels["Nodes that are read"]) == "3"
        # Only of restarts there are none; Prometheus refuses an expression that is not valid.
        empty = {title for title, expression in panels.items() if not value(expression)}
        assert empty == {"Restarts that no action explains, per hour"}
    finally:
        server.kill()
        server.wait()
    stop(known, exporter)
