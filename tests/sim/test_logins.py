"""The lockout: five wrong passwords within 900 s lock a user for 1800 s; and tokens' lives."""

import httpx
import pytest

from tests.sim.conftest import ADMIN
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster

WRONG = ADMIN[0], "wrong"


@pytest.fixture
def bootstrap(clock):
    """Ask with a name and a password, on a cluster whose time is the fake clock's."""
    with (
        SimulatedCluster(Cluster(1, clock=clock), tls=False) as served,
        httpx.Client(trust_env=False) as client,
    ):
        yield lambda pair: client.get(served.urls[1] + "/v1/bootstrap", auth=pair).status_code


def test_the_fifth_wrong_password_locks_for_1800_seconds_and_not_longer(bootstrap, clock):
    for _ in range(4):
        assert bootstrap(WRONG) == 401
    assert bootstrap(ADMIN) == 200
    for _ in range(5):
        assert bootstrap(WRONG) == 401
    assert bootstrap(ADMIN) == 401
    clock.after(1799)
    assert bootstrap(ADMIN) == 401
    clock.after(1)
    assert bootstrap(ADMIN) == 200


def test_wrong_passwords_while_locked_do_not_lengthen_it(bootstrap, clock):
    for _ in range(5):
        bootstrap(WRONG)
    clock.after(1000)
    for _ in range(5):
        bootstrap(WRONG)
    clock.after(801)
    assert bootstrap(ADMIN) == 200


def test_wrong_passwords_further_apart_than_900_seconds_do_not_add_up(bootstrap, clock):
    for _ in range(4):
        bootstrap(WRONG)
    clock.after(901)
    assert bootstrap(WRONG) == 401
    assert bootstrap(ADMIN) == 200


def test_a_right_password_forgets_the_wrong_ones(bootstrap):
    for _ in range(3):
        for _ in range(4):
            assert bootstrap(WRONG) == 401
        assert bootstrap(ADMIN) == 200


def test_a_lock_is_one_users_alone(bootstrap):
    for _ in range(6):
        bootstrap(WRONG)
    assert bootstrap(("viewer@demo.local", "viewer-password")) == 200


def test_wrong_passwords_for_a_token_count_too(ask):
    body = {"username": ADMIN[0], "password": "wrong"}
    for _ in range(5):
        assert ask("POST", "/v1/users/authorize", auth=None, json=body).status_code == 401
    assert ask("POST", "/v1/users/authorize").status_code == 401


@pytest.mark.parametrize(("ttl", "body"), [(300, {}), (1, {"ttl": 1}), (86_400, {"ttl": 86_400})])
def test_a_token_lasts_as_long_as_asked_and_five_minutes_unless(clock, ttl, body):
    with (
        SimulatedCluster(Cluster(1, clock=clock), tls=False) as served,
        httpx.Client(trust_env=False) as client,
    ):
        url = served.urls[1]
        token = client.post(f"{url}/v1/users/authorize", auth=ADMIN, json=body).json()
        header = {"authorization": f"JWT {token['access_token']}"}
        clock.after(ttl - 0.5)
        assert client.get(f"{url}/v1/bootstrap", headers=header).status_code == 200
        clock.after(1)
        assert client.get(f"{url}/v1/bootstrap", headers=header).status_code == 401
        refresh = client.post(f"{url}/v1/users/refresh_jwt", headers=header)
        assert refresh.status_code == 401


@pytest.mark.parametrize(
    ("role", "looks", "orders"),
    [
        ("none", 403, 403),
        ("db_viewer", 200, 403),
        ("db_member", 200, 403),
        ("cluster_viewer", 200, 403),
        ("cluster_member", 200, 403),
        ("user_manager", 200, 403),
        ("admin", 200, 200),
    ],
)
def test_each_role_has_its_own_rights(ask, served, role, looks, orders):
    served.cluster.add_user("a@b", "c", role)
    auth = ("a@b", "c")
    order = {"operation_type": "start", "services": ["alert_mgr"]}
    assert ask("GET", "/v1/local/services", auth=auth).status_code == looks
    assert ask("POST", "/v1/local/services", auth=auth, json=order).status_code == orders


def test_a_node_whose_rest_server_is_down_counts_no_failures(ask, served):
    served.cluster.stop(2, "cnm_http")
    for _ in range(6):
        assert ask("GET", "/v1/bootstrap", uid=2, auth=WRONG).status_code == 503
    assert ask("GET", "/v1/bootstrap").status_code == 200


BODY = {"username": ADMIN[0], "password": ADMIN[1]}
AUTHORIZE, REFRESH, ME = "/v1/users/authorize", "/v1/users/refresh_jwt", "/v1/bootstrap"


def shown(scheme, token):
    return {"auth": None, "headers": {"authorization": f"{scheme} {token}"}}


def test_a_login_in_a_form_that_is_not_understood_is_400_and_no_failure(ask, served):
    served.cluster.logins.forms = frozenset({"body"})
    for _ in range(6):
        assert ask("POST", AUTHORIZE, auth=WRONG, json={"ttl": 300}).status_code == 400
    assert ask("POST", AUTHORIZE, auth=None, json=BODY).status_code == 200
    served.cluster.logins.forms = frozenset({"header"})
    assert ask("POST", AUTHORIZE, auth=None, json=BODY).status_code == 400
    assert ask("POST", AUTHORIZE, json={"ttl": 300}).status_code == 200


@pytest.mark.parametrize(("taken", "other"), [("JWT", "Bearer"), ("Bearer", "JWT")])
def test_a_token_passes_under_the_schemes_that_are_taken(ask, served, taken, other):
    served.cluster.logins.schemes = frozenset({taken.lower()})
    token = ask("POST", AUTHORIZE).json()["access_token"]
    assert ask("GET", ME, **shown(taken, token)).status_code == 200
    assert ask("GET", ME, **shown(other, token)).status_code == 401


def test_a_token_can_end_before_it_says_and_a_revoked_one_has_ended(clock):
    with (
        SimulatedCluster(Cluster(1, clock=clock), tls=False) as served,
        httpx.Client(trust_env=False) as client,
    ):
        url, logins = served.urls[1], served.cluster.logins
        logins.ends_after = 10

        def fresh():
            return client.post(url + AUTHORIZE, auth=ADMIN).json()["access_token"]

        def passes(token):
            header = {"authorization": f"JWT {token}"}
            return client.get(url + ME, headers=header).status_code == 200

        token = fresh()
        clock.after(9)
        assert passes(token)
        clock.after(2)
        assert not passes(token)
        token = fresh()
        assert passes(token)
        logins.revoke()
        assert not passes(token)
        assert passes(fresh())


def test_a_token_is_refreshed_by_a_token_alone_and_where_there_is_such_a_call(ask, served):
    token = ask("POST", AUTHORIZE).json()["access_token"]
    assert ask("POST", REFRESH, **shown("JWT", token), json={"ttl": 9}).status_code == 200
    assert ask("POST", REFRESH, **shown("JWT", token), json={"ttl": 0}).status_code == 400
    assert ask("POST", REFRESH).status_code == 401
    served.cluster.logins.refreshes = False
    assert ask("POST", REFRESH, **shown("JWT", token)).status_code == 404


def test_a_401_names_the_schemes_where_that_is_switched_on(ask, served):
    assert "www-authenticate" not in ask("GET", ME, auth=WRONG).headers
    served.cluster.logins.challenges = True
    assert "Basic" in ask("GET", ME, auth=WRONG).headers["www-authenticate"]
    served.cluster.logins.basic = False
    assert "Basic" not in ask("GET", ME).headers["www-authenticate"]


def test_a_record_says_what_was_shown_and_not_the_rest(ask, served):
    token = ask("POST", AUTHORIZE).json()["access_token"]
    ask("GET", ME, **shown("Bearer", token))
    ask("GET", ME, auth=None)
    assert [one.scheme for one in served.cluster.requests] == ["basic", "bearer", ""]
