"""Requests that nobody should send: each gets its documented refusal, never a 500."""

import base64
import gc
import json
import warnings

import pytest

from tests.cli.test_simulate import free_ports
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster, SimulatorError

JSON = {"content-type": "application/json"}


@pytest.fixture
def served():
    """Without TLS, which has no part in this."""
    with SimulatedCluster(Cluster(3, pace=0.1), tls=False) as simulated:
        yield simulated


@pytest.mark.parametrize(
    "operation", [{}, [], ["stop"], {"a": 1}, None, 1, True, "", "STOP", "reload"]
)
def test_an_operation_that_is_no_known_word_is_400(ask, operation):
    order = {"operation_type": operation, "services": ["alert_mgr"]}
    answer = ask("POST", "/v1/local/services", json=order)
    assert answer.status_code == 400
    assert answer.json().keys() == {"error_code", "description"}


@pytest.mark.parametrize("services", [{}, "alert_mgr", None, [[]], [{}], [None], ["a", 1]])
def test_services_that_are_no_list_of_names_are_400(ask, services):
    order = {"operation_type": "stop", "services": services}
    assert ask("POST", "/v1/local/services", json=order).status_code == 400


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"\x00", b"[" * 100_000, b'{"services": ' + b"9" * 5000 + b"}"]
)
@pytest.mark.parametrize("path", ["/v1/local/services", "/v1/users/authorize"])
def test_a_body_that_is_no_json_is_400_or_counts_as_none(ask, body, path):
    answer = ask("POST", path, content=body, headers=JSON)
    assert answer.status_code == (200 if not body and "users" in path else 400)


def test_a_name_of_any_letters_is_only_unknown(ask):
    body = b'{"operation_type": "stop", "services": ["\\ud800", "\\u0000", "\xc3\xa9"]}'
    answer = ask("POST", "/v1/local/services", content=body, headers=JSON)
    assert set(answer.json().values()) == {False}


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"Basic",
        b"Basic ???",
        b"Basic \xe9\xe9\xe9\xe9",
        b"Basic YQ",
        b"Basic /////w==",
        b"Basic " + base64.b64encode(b"\xff\xfe:x"),
        b"Basic " + base64.b64encode(b"admin@demo.local"),
        b"Basic " + base64.b64encode("admin@demo.local:pässwörd".encode()),
        b"JWT",
        b"JWT x",
        b"JWT a.b.c",
        b"JWT ..",
        b"JWT \xe9.\xe9.\xe9",
        b"Bearer \xff",
        b"Bearer a.b." + b"\xc3\xa9" * 20,
        b"Digest x",
        b"\xff",
    ],
)
@pytest.mark.parametrize("path", ["/v1/local/services", "/v1/nodes"])
def test_a_malformed_login_is_401(ask, header, path):
    answer = ask("GET", path, auth=None, headers={b"authorization": header})
    assert answer.status_code == 401
    assert answer.json()["error_code"]


@pytest.mark.parametrize("header", [b"Basic \xe9\xe9", b"Basic !", b"Basic /////w=="])
def test_a_malformed_login_gets_no_token(ask, header):
    answer = ask("POST", "/v1/users/authorize", auth=None, headers={b"authorization": header})
    assert answer.status_code == 401


def test_a_password_with_a_lone_surrogate_is_wrong(ask):
    body = b'{"username": "admin@demo.local", "password": "\\ud800"}'
    answer = ask("POST", "/v1/users/authorize", auth=None, content=body, headers=JSON)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "uid", ["²", "%C2%B2", "٣", "0", "-1", "+1", "01", "1.0", "x", "", "9" * 5000, "1/2"]
)
def test_a_check_of_no_node_is_404(ask, uid):
    assert ask("GET", f"/v1/nodes/check/{uid}").status_code == 404


@pytest.mark.parametrize("ttl", [True, False, 1.5, None, [], {}, "60", -1, 0, 86_401])
def test_a_time_to_live_that_is_no_number_of_seconds_is_400(ask, ttl):
    assert ask("POST", "/v1/users/authorize", json={"ttl": ttl}).status_code == 400


def test_a_redirect_keeps_the_query_and_goes_to_the_primary(ask, served):
    answer = ask("GET", "/v1/nodes?fields=uid,addr&x=%C3%A9", uid=2)
    assert answer.status_code == 307
    assert answer.headers["location"] == served.urls[1] + "/v1/nodes?fields=uid,addr&x=%C3%A9"


def test_a_redirect_without_a_query_ends_with_its_path(ask, served):
    served.cluster.promote(3)
    answer = ask("POST", "/v1/services", uid=1, json={})
    assert answer.status_code == 307
    assert answer.headers["location"] == served.urls[3] + "/v1/services"


def test_a_redirect_cannot_be_made_to_carry_a_header(ask):
    answer = ask("GET", "/v1/nodes/check/%0D%0Aset-cookie:%20a", uid=2)
    assert answer.status_code == 307
    assert "set-cookie" not in answer.headers
    assert answer.headers["location"].endswith("/v1/nodes/check/%0D%0Aset-cookie%3A%20a")


@pytest.mark.parametrize(("nodes", "port"), [(2, 65535), (3, 65534), (1, 65536), (1, -1)])
def test_ports_that_do_not_exist_are_reported(nodes, port):
    with pytest.raises(SimulatorError, match=r"0 to 65535.*--port"):
        SimulatedCluster(Cluster(nodes), port=port, tls=False).__enter__()


def test_a_first_port_is_followed_by_the_next():
    first = free_ports(2)
    with SimulatedCluster(Cluster(2), port=first, tls=False) as served:
        ports = [int(url.rpartition(":")[2]) for url in served.urls.values()]
        assert ports == [first, first + 1]


def test_a_cluster_never_served_leaves_nothing_open():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = SimulatedCluster(Cluster(2))
        assert not [one for one in gc.get_referents(made.__dict__) if hasattr(one, "is_closed")]
        del made
        gc.collect()


def test_a_cluster_can_be_served_again_after_it_was():
    served = SimulatedCluster(Cluster(1), tls=False)
    for _ in range(2):
        with served:
            served.cluster.restart(1, "envoy_control_plane")
        served.cluster.restart(1, "envoy_control_plane")


def test_a_refusal_has_one_of_the_two_documented_bodies(ask):
    described = ask("POST", "/v1/local/services", json={})
    assert described.json().keys() == {"error_code", "description"}
    messaged = ask("POST", "/v1/local/services", content=b"{", headers=JSON)
    assert messaged.json().keys() == {"error_code", "message"}
    for answer in (described, messaged):
        assert answer.headers["content-type"] == "application/json"
        assert json.loads(answer.content)["error_code"]
