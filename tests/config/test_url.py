import pytest

from tui.config.errors import BadValue
from tui.config.url import normal_url


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("https://db1:9443", "https://db1:9443"),
        ("https://db1", "https://db1:9443"),
        ("https://db1/", "https://db1:9443"),
        ("HTTPS://DB1.Example:443", "https://db1.example:443"),
        ("https://10.0.0.7", "https://10.0.0.7:9443"),
        ("https://[::1]:8443", "https://[::1]:8443"),
        ("https://[2001:DB8:0::1]", "https://[2001:db8::1]:9443"),
        ("https://db1:09443", "https://db1:9443"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.8.9.1:8080", "http://127.8.9.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_url_becomes_scheme_host_and_port(written: str, normal: str) -> None:
    assert normal_url(written) == normal


@pytest.mark.parametrize(
    "written",
    [
        "db1:9443",
        "ftp://db1",
        "https://",
        "https://:9443",
        "https://db1:",
        "https://db1:0",
        "https://db1:65536",
        "https://db1:٩٤٤٣",
        "https://db1:+443",
        "https://db1:9443/v1",
        "https://db1:9443?x=1",
        "https://db1:9443#x",
        "https://db1:9443 ",
        " https://db1:9443",
        "https://db1\n:9443",
        "https://db1\t",
        "https://db_1..example",
        "https://-db1",
        "https://[::1",
        "https://[::1]x",
        "https://[fe80::1%eth0]",
        "https://[127.0.0.1]",
        "https://127.1",
        "https://256.0.0.1",
        "https://dß1",
        "https://" + "a" * 64,
        "https://" + ".".join(["a" * 60] * 5),
    ],
)
def test_anything_else_is_refused(written: str) -> None:
    with pytest.raises(BadValue):
        normal_url(written)


@pytest.mark.parametrize(
    "written",
    ["http://db1:8080", "http://10.0.0.1", "http://128.0.0.1", "http://localhost.example"],
)
def test_http_to_another_machine_is_refused(written: str) -> None:
    with pytest.raises(BadValue, match="this machine alone"):
        normal_url(written)


@pytest.mark.parametrize(
    "written",
    ["https://bob:hunter2@db1", "https://hunter2@db1", "https://bob:h@hunter2@db1", "x:hunter2@y"],
)
def test_a_password_in_a_url_is_refused_and_not_shown(written: str) -> None:
    with pytest.raises(BadValue) as caught:
        normal_url(written)
    assert "hunter2" not in str(caught.value)
    assert "username" in caught.value.hint
