"""The API over real HTTPS on loopback: logins, orders, redirects, and what cuts the wire."""

import asyncio
import gc
import hashlib
import socket
import ssl
import time

import httpx
import pytest

from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster, SimulatorError

VIEWER = ("viewer@demo.local", "viewer-password")
RESTART = {"operation_type": "restart", "services": ["alert_mgr"]}


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.01)
    pytest.fail("it never came")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/local/services",
        "/v1/nodes",
        "/v1/nodes/status",
        "/v1/cluster",
        "/v1/bootstrap",
        "/v1/nodes/check/2",
        "/v1/cluster/check",
        "/v1/cluster/services_configuration",
        "/v1/local/node/master_healthcheck",
        "/v4/cluster/health",
    ],
)
def test_every_documented_call_answers(ask, path):
    r = ask("GET", path)
    assert r.status_code == 200
    assert r.headers["server"] == "envoy"
    assert r.json()


@pytest.mark.parametrize("path", ["/v1/nodes", "/v1/bdbs"])
def test_one_of_a_list_is_as_the_list_has_it_and_an_unknown_one_is_404(ask, path):
    """The public client of the vendor (redis-enterprise on PyPI) reads nodes and databases so."""
    listed = ask("GET", path).json()
    assert listed
    for entry in listed:
        assert ask("GET", f"{path}/{entry['uid']}").json() == entry
    for other in ("0", "99", "x", "1/"):
        assert ask("GET", f"{path}/{other}").status_code == 404
    assert ask("GET", f"{path}/1", uid=2).status_code == 307


def test_a_missing_login_is_401_and_locks_nobody(ask):
    for _ in range(8):
        assert ask("GET", "/v1/bootstrap", auth=None).status_code == 401
    assert ask("GET", "/v1/bootstrap").status_code == 200


def test_five_wrong_passwords_lock_the_right_one_out(ask):
    for _ in range(5):
        assert ask("GET", "/v1/bootstrap", auth=("admin@demo.local", "no")).status_code == 401
    assert ask("GET", "/v1/bootstrap").status_code == 401
    assert ask("GET", "/v1/bootstrap", auth=VIEWER).status_code == 200


def test_a_viewer_may_look_and_not_operate(ask):
    assert ask("GET", "/v1/local/services", auth=VIEWER).status_code == 200
    assert ask("POST", "/v1/local/services", auth=VIEWER, json=RESTART).status_code == 403


def test_none_may_nothing(ask, served):
    served.cluster.add_user("n@x", "p", "none")
    assert ask("GET", "/v1/local/services", auth=("n@x", "p")).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"operation_type":"kill","services":["a"]}',
        b'{"operation_type":"stop","services":[]}',
        b'{"operation_type":"stop","services":[1]}',
    ],
)
def test_a_malformed_operation_is_400(ask, body):
    r = ask(
        "POST", "/v1/local/services", content=body, headers={"content-type": "application/json"}
    )
    assert r.status_code == 400
    assert "error_code" in r.json()


def test_a_bad_content_type_is_400(ask):
    assert (
        ask(
            "POST", "/v1/local/services", content=b"{}", headers={"content-type": "text/plain"}
        ).status_code
        == 400
    )


def test_an_unknown_service_is_false(ask):
    assert ask(
        "POST", "/v1/local/services", json={"operation_type": "stop", "services": ["nope"]}
    ).json() == {"nope": False}


def test_a_path_of_its_own_for_a_service_is_404(ask):
    assert ask("GET", "/v1/services/alert_mgr/restart").status_code == 404


def test_what_can_only_be_posted_to_is_404_for_a_get(ask):
    """As a live cluster answered to GET /v1/services."""
    for path in ("/v1/services", "/v1/users/refresh_jwt"):
        answer = ask("GET", path)
        assert answer.status_code == 404, path
        assert answer.json()["error_code"]


def test_by_choice_another_method_is_405(ask):
    assert ask("DELETE", "/v1/local/services").status_code == 405


@pytest.mark.parametrize("path", ["/v1/local/services", "/v1/nodes", "/v4/cluster/health"])
def test_a_version_that_is_not_served_is_505(ask, path):
    wrong = ask("GET", path, headers={"x-api-version": "99"})
    assert wrong.status_code == 505
    assert wrong.json()["error_code"]
    assert ask("GET", path, headers={"x-api-version": "1"}).status_code == 200


def test_only_the_primarys_programs_obey_the_cluster_path(ask, served):
    ask("POST", "/v1/services", json={"operation_type": "stop", "services": ["alert_mgr"]})
    assert served.cluster.services(1)["alert_mgr"]["status"] != "RUNNING"
    assert served.cluster.services(2)["alert_mgr"]["status"] == "RUNNING"


def test_with_handle_redirects_every_node_answers_itself(ask, served):
    served.cluster.handle_redirects = True
    assert ask("GET", "/v1/nodes", uid=2).status_code == 200


@pytest.mark.parametrize("scheme", ["JWT", "Bearer"])
def test_a_token_logs_in(ask, scheme):
    token = ask("POST", "/v1/users/authorize", json={"ttl": 60}).json()["access_token"]
    assert (
        ask(
            "GET", "/v1/bootstrap", auth=None, headers={"authorization": f"{scheme} {token}"}
        ).status_code
        == 200
    )
    assert (
        ask(
            "GET", "/v1/bootstrap", auth=None, headers={"authorization": f"{scheme} {token}x"}
        ).status_code
        == 401
    )


def test_a_token_is_given_for_a_body_login_and_refreshed(ask):
    token = ask(
        "POST",
        "/v1/users/authorize",
        auth=None,
        json={"username": "admin@demo.local", "password": "demo-password"},
    ).json()["access_token"]
    r = ask("POST", "/v1/users/refresh_jwt", auth=None, headers={"authorization": f"JWT {token}"})
    assert r.status_code == 200
    assert r.json()["access_token"]


def test_with_basic_switched_off_only_a_token_passes():
    body = {"username": "admin@demo.local", "password": "demo-password"}
    cluster = Cluster(1, basic_authentication=False)
    with SimulatedCluster(cluster, tls=False) as plain, httpx.Client(trust_env=False) as client:
        me = plain.urls[1] + "/v1/bootstrap"
        assert client.get(me, auth=("admin@demo.local", "demo-password")).status_code == 401
        given = client.post(plain.urls[1] + "/v1/users/authorize", json=body)
        header = {"authorization": f"Bearer {given.json()['access_token']}"}
        assert client.get(me, headers=header).status_code == 200


def test_before_8_0_16_the_health_call_is_404(ask, served):
    served.cluster.health_v4 = False
    assert ask("GET", "/v4/cluster/health", uid=2).status_code == 404


@pytest.mark.parametrize("carrier", ["cnm_http", "envoy", "envoy_control_plane"])
def test_restarting_a_carrier_cuts_the_connection_and_it_comes_back(ask, carrier):
    with pytest.raises(httpx.TransportError):
        ask(
            "POST",
            "/v1/local/services",
            uid=2,
            json={"operation_type": "restart", "services": [carrier]},
        )
    until(lambda: ask("GET", "/v1/local/services", uid=2).status_code == 200)


def test_stopped_cnm_http_is_503_until_started(ask, served):
    with pytest.raises(httpx.TransportError):
        ask(
            "POST",
            "/v1/local/services",
            uid=2,
            json={"operation_type": "stop", "services": ["cnm_http"]},
        )
    r = ask("GET", "/v1/local/services", uid=2)
    assert r.status_code == 503
    assert r.headers["content-type"].startswith("text/plain")
    assert r.text.startswith("upstream")
    served.cluster.start(2, "cnm_http")
    until(lambda: ask("GET", "/v1/local/services", uid=2).status_code == 200)


def test_the_fingerprint_is_the_leafs(served):
    host, port = served.urls[1].removeprefix("https://").split(":")
    der = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((host, int(port))))
    assert served.fingerprint == "sha256:" + hashlib.sha256(der).hexdigest()


def test_a_taken_port_says_so():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SimulatorError, match=str(port)):
            SimulatedCluster(Cluster(1), port=port).__enter__()


def test_the_port_of_a_node_that_is_down_refuses_and_is_not_given_to_another():
    """Another server there would be taken for the node."""
    with SimulatedCluster(Cluster(1), tls=False) as served:
        place = ("127.0.0.1", int(served.urls[1].rpartition(":")[2]))
        served.power_off(1)
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(place)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(place)
        served.cluster.power_on(1)

        def answers() -> bool:
            with socket.socket() as client:
                return client.connect_ex(place) == 0

        until(answers)


def test_a_handshake_that_is_not_over_leaves_nothing_open():
    """It would be found, and called a fault, in whatever test is run later."""
    with socket.socket() as client:
        with SimulatedCluster(Cluster(1)) as served:
            client.connect(("127.0.0.1", int(served.urls[1].rpartition(":")[2])))
            until(lambda: len(asyncio.all_tasks(served._loop)) > 2)  # it serves, and waits to end
        assert not asyncio.all_tasks(served._loop)
    gc.collect()


def test_requests_are_recorded(ask, served):
    ask("POST", "/v1/local/services?x=1", uid=2, json=RESTART)
    r = served.cluster.requests[-1]
    assert (r.method, r.path, r.query, r.user, r.status) == (
        "POST",
        "/v1/local/services",
        "x=1",
        "admin@demo.local",
        200,
    )
    assert b"alert_mgr" in r.body


def test_thirty_five_nodes_start_and_stop_quickly():
    t = time.monotonic()
    with SimulatedCluster(Cluster(35)) as s:
        assert len(set(s.urls.values())) == 35
    assert time.monotonic() - t < 10
