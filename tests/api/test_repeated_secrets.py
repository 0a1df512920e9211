"""P9: what a node repeats of a request's credentials is in nothing that is shown or kept."""

import base64
import json
import traceback
from collections.abc import Callable
from html import escape
from urllib.parse import quote, quote_plus

import pytest

from tests.api.conftest import Connect
from tests.faultserver import Peer, serving
from tests.fleet.conftest import PASSWORD, configuration, keeping, profile
from tui.api.codec import HttpReply
from tui.api.errors import ApiError
from tui.api.http_transport import Address, Authorization, HiddenText, Request, basic_authorization
from tui.api.repeated_secrets import without_secrets
from tui.api.request_gate import AUTHORIZE, SERVICES
from tui.fleet.fleet import Fleet

NODE = Address.of("https://db1:9443")
ODD = 'pä"ss/wo\\rd %'
TOKEN = Authorization("JWT", HiddenText("eyJhbGciOi.token.canary"))


def asked(authorization: Authorization | None, path: str = SERVICES, body: str = "") -> Request:
    return Request("GET", NODE, path, authorization, body.encode() or None)


def seen(request: Request, body: str, status: int = 500) -> str:
    return without_secrets(HttpReply(status, {}, body.encode()), request).body.decode()


@pytest.mark.parametrize("password", ["hunter2-canary", ODD, "пароль"])
@pytest.mark.parametrize("status", [302, 400, 401, 403, 500, 503])
def test_the_password_is_cut_out_of_an_error_in_every_form(password: str, status: int) -> None:
    request = asked(basic_authorization("op@x", HiddenText(password)))
    encoded = base64.b64encode(f"op@x:{password}".encode()).decode()
    forms = [
        f"Authorization: Basic {encoded}",
        f"wrong password {password}",
        json.dumps({"description": password}),
        json.dumps({"description": password}, ensure_ascii=False),
        f"https://op:{quote(password, safe='')}@db1",
    ]
    for form in forms:
        text = seen(request, form, status)
        assert text.count("(removed)") == 1, form
        for part in (password, encoded, json.dumps(password)[1:-1], quote(password, safe="")):
            assert part not in text


def slashes(text: str) -> str:
    return json.dumps(text).replace("/", "\\/")


def go_json(text: str) -> str:
    """Write JSON as Go and others do, which keep it safe inside of HTML."""
    codes = {one: f"\\u{ord(one):04X}" for one in "=+/<>&'"}
    return "".join(codes.get(one, one) for one in json.dumps(text))


def numbers(text: str) -> str:
    return "".join(one if one.isalnum() else f"&#{ord(one)};" for one in text)


def hex_numbers(text: str) -> str:
    return "".join(one if one.isalnum() else f"&#x{ord(one):X};" for one in text)


@pytest.mark.parametrize("password", ["hunter2>>>?canary", "a<b&c'd\"e/f+g=h", ODD, "~ÿ😀\n>>"])
@pytest.mark.parametrize(
    "spell",
    [
        json.dumps,
        slashes,
        go_json,
        numbers,
        hex_numbers,
        escape,
        lambda text: escape(text, quote=False),
        lambda text: quote(text, safe=""),
        lambda text: quote(text, safe="").replace("%3D", "%3d").replace("%2F", "%2f"),
        quote_plus,
    ],
)
def test_a_login_is_cut_out_however_its_characters_are_written(
    password: str, spell: Callable[[str], str]
) -> None:
    basic = basic_authorization("op@x", HiddenText(password))
    encoded = basic.secret.reveal()
    for secret in (encoded, password):
        cut = seen(asked(basic), f"<{spell(secret)}>")
        assert cut in ("<(removed)>", '<"(removed)">'), spell(secret)
        reply = HttpReply(302, {"location": spell(secret)}, b"")
        cut = without_secrets(reply, asked(basic)).headers["location"]
        assert cut.strip('"') == "(removed)"
    assert seen(asked(basic), f"<{spell(encoded)}>", 200).strip('<">') == "(removed)"


def test_a_token_and_an_encoded_password_are_cut_out_of_a_good_answer_too() -> None:
    services = '{"ccs": {"status": "RUNNING", "note": "%s"}}'
    assert "canary" not in seen(asked(TOKEN), services % TOKEN.secret.reveal(), 200)
    basic = basic_authorization("op@x", HiddenText("RUNNING"))
    text = seen(asked(basic), services % basic.secret.reveal(), 200)
    assert text == services % "(removed)"  # and the word that is the password stays


def test_a_token_that_was_wanted_arrives() -> None:
    basic = basic_authorization("op@x", HiddenText("canary"))
    granted = json.dumps({"access_token": basic.secret.reveal()})
    assert seen(asked(basic, AUTHORIZE), granted, 200) == granted


def test_a_refused_login_by_body_repeats_no_password() -> None:
    login = json.dumps({"username": "op@x", "password": ODD})
    assert seen(asked(None, AUTHORIZE, login), login, 401) == login.replace(
        json.dumps(ODD)[1:-1], "(removed)"
    )


def test_what_holds_no_secret_is_the_same_answer() -> None:
    reply = HttpReply(500, {}, b"busy")
    assert without_secrets(reply, asked(TOKEN)) == reply
    assert without_secrets(reply, asked(None)) == reply
    # A token is no password, whatever it reads as.
    token = Authorization("JWT", HiddenText(base64.b64encode(b"op@x:busy").decode()))
    assert without_secrets(reply, asked(token)) == reply


@pytest.mark.parametrize(("password", "shown"), [("not", "not now"), ("busy", "(removed) now")])
def test_a_password_that_is_a_part_of_many_words_is_not_looked_for(
    password: str, shown: str
) -> None:
    request = asked(basic_authorization("op@x", HiddenText(password)))
    assert seen(request, f"{password} now") == shown


def test_a_redirect_repeats_no_login() -> None:
    basic = basic_authorization("op@x", HiddenText("hunter2-canary"))
    where = {"location": f"https://{basic.secret.reveal()}/hunter2-canary"}
    cut = without_secrets(HttpReply(307, where, b""), asked(basic))
    assert cut.headers == {"location": "https://(removed)/(removed)"}


@pytest.mark.parametrize(
    "answer",
    [
        "HTTP/1.1 200 OK\r\nAuthorization : {}\r\n\r\n",
        "{}\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: {}\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 307 Elsewhere\r\nLocation: https://{}/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 500 Oh\r\nContent-Length: 100\r\n\r\n{}" + " " * 100,
    ],
)
async def test_a_server_that_sends_the_request_back_reveals_nothing_of_the_login(
    answer: str,
) -> None:
    def echo(peer: Peer) -> None:
        while asked := peer.read():
            peer.send(answer.replace("{}", asked.headers["authorization"]).encode())

    with serving(echo) as server:
        nodes = [profile(server.url)]
        fleet = Fleet(configuration(nodes), passwords=keeping(nodes))
        await fleet.poll_once()
    (node,) = fleet.nodes
    encoded = base64.b64encode(f"{nodes[0].username}:{PASSWORD}".encode()).decode()
    assert node.reading.trouble is not None
    for text in (node.reading.trouble.text, str(node.login.trouble)):
        assert encoded.lower() not in text.lower()
        assert PASSWORD not in text


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("HTTP/1.1 200 OK\r\nAuthorization : {}\r\n\r\n", "illegal header line"),
        ("{}\r\n\r\n", "illegal status line"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}\r\n", ""),
    ],
)
async def test_no_traceback_shows_what_could_not_be_read_of_an_answer(
    answer: str, reason: str, connect: Connect
) -> None:
    def echo(peer: Peer) -> None:
        while asked := peer.read():
            peer.send(answer.replace("{}", asked.headers["authorization"]).encode())

    with serving(echo) as server, pytest.raises(ApiError) as caught:
        await connect(server).services()
    assert str(caught.value).endswith(reason)
    shown = "".join(traceback.format_exception(caught.value))
    assert "Basic" not in shown
    assert "bytearray" not in shown
