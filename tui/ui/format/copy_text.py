"""What is copied from a row of the deck, as text. Pure."""

import shlex

from tui.config import NodeProfile
from tui.model.clock import clock_duration
from tui.model.filters import ServiceKinds
from tui.model.order import Route
from tui.model.service import Service
from tui.model.text import clean
from tui.model.trust import AuthorityTrust, NoTrust, PinnedTrust

_PATH_AT_MOST = 4096


def row_text(node: str, service: Service, uptime: int | None, scope: ServiceKinds) -> str:
    """Return six fields with tabs between: node, service, status, uptime, started, kind."""
    started = service.started_at
    return "\t".join(
        (
            clean(node),
            clean(service.shown),
            clean(service.status),
            "" if uptime is None else clock_duration(uptime),
            started.isoformat().replace("+00:00", "Z") if started else "",
            scope.kind(service).value,
        )
    )


def curl_text(profile: NodeProfile) -> str:
    """Return the command that polls a node for its services as the deck does.

    The password is not in it: curl prompts for it. What curl cannot check is in a comment above.
    """
    words, remark = ["curl"], ""
    if profile.username:
        words += ["--user", profile.username]
    if profile.client is not None:
        words += ["--cert", str(profile.client.certificate), "--key", str(profile.client.key)]
    if profile.proxy:
        words += ["--proxy", profile.proxy]
    match profile.trust:
        case AuthorityTrust(ca_file):
            words += ["--cacert", str(ca_file)]
        case PinnedTrust():
            remark = f"# pinned: {profile.trust} (the deck checks it; curl needs --cacert)\n"
        case NoTrust():
            words.append("--insecure")
    url = profile.url
    if profile.server_name:
        # curl checks the certificate against the URL's host, so that is the name.
        port = profile.host.rpartition(":")[2]
        named = f"{_url_host(profile.server_name)}:{port}"
        words += ["--connect-to", f"{named}:{profile.host}"]
        url = f"https://{named}"
    words.append(f"{url}{Route.LOCAL}")
    return remark + " ".join(shlex.quote(clean(word, _PATH_AT_MOST)) for word in words)


def _url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def selected_text(text: str) -> str:
    """Return what was selected with the mouse, as clean lines."""
    return "\n".join(clean(line, _PATH_AT_MOST) for line in text.splitlines())
