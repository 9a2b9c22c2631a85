"""Fetching pages: from real servers on loopback, which tests may ask, and never from where it must not."""

import gzip
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from rag.adapters.web_pages import PublicPages, is_public
from rag.errors import AddressRefused, UnreadableDocument

Answer = Callable[[BaseHTTPRequestHandler], None]


class Site:
    """A web server on loopback that answers each path as told and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                site.answers[self.path](self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def serve(self, path: str, content: bytes, kind: str = "text/html", **headers: str) -> str:
        """Answer a path with content; give its address."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(200)
            request.send_header("Content-Type", kind)
            for name, value in headers.items():
                request.send_header(name.replace("_", "-"), value)
            request.end_headers()
            request.wfile.write(content)

        self.answers[path] = answer
        return self.url(path)

    def redirect(self, path: str, to: str) -> str:
        """Lead a path elsewhere; give its address."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(302)
            request.send_header("Location", to)
            request.end_headers()

        self.answers[path] = answer
        return self.url(path)

    def url(self, path: str) -> str:
        """Return a path's address."""
        return f"http://site.example:{self.port}{path}"

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server."""
    server = Site()
    yield server
    server.close()


def at(*addresses: str) -> Callable[[str, int], list[str]]:
    """A resolver for which every name is at these addresses."""
    return lambda *_: list(addresses)


def pages(site: Site, **more: Any) -> PublicPages:
    """Pages of the site, which counts as public at its one address and port."""
    given: dict[str, Any] = {
        "max_bytes": 100_000,
        "timeout_s": 5.0,
        "allowed": lambda address: address == ipaddress.ip_address("127.0.0.1"),
        "ports": (site.port, 80, 443),
        "resolve": at("127.0.0.1"),
    }
    return PublicPages(**(given | more))


def real(**more: Any) -> PublicPages:
    """Pages as they are fetched in earnest."""
    return PublicPages(**({"max_bytes": 100_000, "timeout_s": 3.0} | more))


@pytest.mark.parametrize(
    ("kind", "filename"),
    [
        ("text/html; charset=utf-8", "page.html"),
        ("application/xhtml+xml", "page.html"),
        ("text/plain", "page.txt"),
        ("text/markdown", "page.md"),
        ("application/pdf", "page.pdf"),
    ],
)
def test_a_page_comes_with_its_kind(site: Site, kind: str, filename: str) -> None:
    """The content as it was sent, the format by the content type; asked politely and by name."""
    page = pages(site).fetch(site.serve("/a?b=%C3%BC", b"<p>Hi</p>", kind))
    assert (page.filename, page.content) == (filename, b"<p>Hi</p>")
    ((path, headers),) = site.asked
    assert path == "/a?b=%C3%BC"
    assert headers["host"] == f"site.example:{site.port}"
    assert headers["user-agent"].startswith("Whetstone/")
    assert "authorization" not in headers
    assert "cookie" not in headers


@pytest.mark.parametrize(
    ("text", "encoding", "kind"),
    [
        ("“Öl”", "cp1252", "text/plain; charset=iso-8859-1"),
        ("“Öl”", "cp1252", 'text/html; charset="Latin1"'),
        ("会议", "gb18030", "text/html;charset=GB2312"),
        ("会議", "cp932", "application/xhtml+xml; charset=x-sjis"),
        ("“Öl”", "utf-8", "text/markdown; charset=UTF-8"),
        ("“Öl”", "utf-16-le", "text/plain; charset=utf-16"),
    ],
)
def test_an_encoding_named_by_the_server_goes_first(site: Site, text: str, encoding: str, kind: str) -> None:
    """The text comes in UTF-8 with a byte order mark, which outweighs what the page says of itself."""
    text = f"<meta charset=koi8-r>{text}"
    page = pages(site).fetch(site.serve("/", text.encode(encoding), kind))
    assert page.content.decode("utf-8-sig") == text
    assert page.content.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"plain", "text/plain; charset=nonsense"),
        (b"plain", "text/plain; charset=utf-8"),
        ("Öffnung".encode("cp1252"), "text/plain; charset=utf-8"),
        (b"%PDF \xe9", "application/pdf; charset=utf-8"),
    ],
)
def test_what_the_server_says_wrongly_is_left_to_the_reader(site: Site, content: bytes, kind: str) -> None:
    """A label that is none or does not fit changes nothing, so that the reader's guess is told."""
    assert pages(site).fetch(site.serve("/", content, kind)).content == content


def test_redirects_are_followed_but_not_for_ever(site: Site) -> None:
    """Relative and absolute ones, five of them."""
    site.serve("/end", b"here")
    site.redirect("/1", site.url("/end"))
    for number in range(2, 7):
        site.redirect(f"/{number}", f"{number - 1}")
    assert pages(site).fetch(site.url("/5")).content == b"here"
    with pytest.raises(UnreadableDocument, match="more than 5 times"):
        pages(site).fetch(site.url("/6"))
    with pytest.raises(UnreadableDocument, match="not where"):
        pages(site).fetch(site.redirect("/7", ""))


@pytest.mark.parametrize(
    "to",
    [
        "http://127.0.0.2/",
        "http://10.0.0.1/admin",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "file:///etc/passwd",
        "ftp://site.example/x",
        "http://site.example:6379/",
        "http://user@site.example/",
        "//10.0.0.1/",
    ],
)
def test_a_redirect_leads_nowhere_private(site: Site, to: str) -> None:
    """Each hop is checked like the first."""
    fetching = pages(
        site, resolve=lambda host, _: ["127.0.0.1"] if host == "site.example" else [host.strip("[]")]
    )
    with pytest.raises(AddressRefused):
        fetching.fetch(site.redirect("/", to))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "example.com",
        "",
        "http://",
        "http://.",
        "http://user:password@example.com/",
        "http://example.com@127.0.0.1/",
        "http://example.com:22/",
        "http://example.com:8321/",
        "http://example.com:99999/",
        "http://127.0.0.1/",
        "http://127.1.2.3/",
        "http://１２７.0.0.1/",
        "http://0.0.0.0/",
        "http://10.1.2.3/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://168.63.129.16/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://[::1]/",
        "http://[::]/",
        "http://[fe80::1%25eth0]/",
        "http://[fd00:ec2::254]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001:0:7f00:1::]/",
        "http://exam ple.com/",
        "http://example.com\\@127.0.0.1/",
        "http://example.com/\r\nX: y",
        "http://[::1",
        "http://" + "a" * 70 + ".com/",
        "http://example.com/" + "a" * 3_000,
    ],
)
def test_addresses_that_need_no_asking_are_refused_at_once(url: str) -> None:
    """Kinds, ports, users and private numbers, however they are written; nothing is connected to."""
    with pytest.raises(AddressRefused):
        real().check(url)
    with pytest.raises(AddressRefused):
        real().fetch(url)


@pytest.mark.parametrize(
    "url", ["http://example.com", "https://example.com/a?b#c", "HTTPS://bücher.example/", "http://8.8.8.8/"]
)
def test_public_looking_addresses_pass_the_first_look(url: str) -> None:
    """Names are not asked for by the check."""
    real(resolve=at("127.0.0.1")).check(url)


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f.1", "2130706433", "0177.0.0.1"])
def test_loopback_is_refused_in_earnest(site: Site, host: str) -> None:
    """By the system's own resolver, in every spelling it understands, although somebody listens there."""
    site.serve("/", b"secret")
    with pytest.raises((AddressRefused, UnreadableDocument)):
        real(ports=(site.port,)).fetch(f"http://{host}:{site.port}/")
    assert site.asked == []


@pytest.mark.parametrize(
    "addresses",
    [
        ("10.0.0.1",),
        ("127.0.0.1",),
        ("8.8.8.8", "10.0.0.1"),
        ("10.0.0.1", "8.8.8.8"),
        ("::ffff:192.168.0.1",),
        ("64:ff9b::a00:1",),
        ("fe80::1%eth0",),
    ],
)
def test_a_name_with_a_private_address_is_refused(addresses: tuple[str, ...]) -> None:
    """One private address among public ones is enough; the address itself is not told."""
    with pytest.raises(AddressRefused) as refused:
        real(resolve=at(*addresses)).fetch("http://intranet.example/")
    assert not any(address in str(refused.value) for address in addresses)


def test_the_name_is_resolved_once(site: Site) -> None:
    """A name that has another address the second time is connected to at the first."""
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    fetching = pages(site, resolve=lambda *_: next(answers))
    assert fetching.fetch(site.serve("/", b"one")).content == b"one"
    assert next(answers) == ["10.0.0.1"]


def test_the_other_end_is_checked_once_connected(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the connection ends elsewhere than it was made to, nothing is sent."""
    site.serve("/", b"secret")
    seen: list[str] = []

    def allowed(address: Any) -> bool:
        seen.append(str(address))
        return len(seen) < 2

    with pytest.raises(AddressRefused):
        pages(site, allowed=allowed).fetch(site.url("/"))
    assert seen == ["127.0.0.1", "127.0.0.1"]
    assert site.asked == []


def test_proxies_of_the_environment_are_not_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would resolve the name anew, and may stand inside."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert pages(site).fetch(site.serve("/", b"direct")).content == b"direct"


def test_too_large_is_refused_as_it_comes(site: Site) -> None:
    """Declared or not, sent or unpacked: a hundred megabytes in a small parcel are not unpacked."""
    declared = site.serve("/1", b"", Content_Length="100001")
    endless = site.serve("/2", b"x" * 100_001)
    parcel = gzip.compress(b"\0" * 100_000_000)
    bomb = site.serve("/3", parcel[:90_000], Content_Encoding="gzip")
    for url in (declared, endless, bomb):
        with pytest.raises(UnreadableDocument, match="more than the limit"):
            pages(site).fetch(url)
    exact = site.serve("/4", gzip.compress(b"x" * 100_000), Content_Encoding="gzip")
    assert len(pages(site).fetch(exact).content) == 100_000


def test_what_is_no_page_is_refused(site: Site) -> None:
    """Other kinds, other statuses, other packings, and content that breaks off."""
    site.answers["/404"] = lambda request: request.send_error(404)
    cases = {
        site.serve("/png", b"x", "image/png"): "image/png",
        site.url("/404"): "status 404",
        site.serve("/br", b"x", Content_Encoding="br"): "packed as 'br'",
        site.serve("/no", b"in plain words", Content_Encoding="gzip"): "not packed",
        site.serve("/half", gzip.compress(b"words" * 100)[:-9], Content_Encoding="gzip"): "broke off",
        site.serve("/short", b"x", Content_Length="50"): "broke off",
    }
    for url, words in cases.items():
        with pytest.raises(UnreadableDocument, match=words):
            pages(site).fetch(url)


def test_a_server_that_drips_is_left(site: Site) -> None:
    """A byte now and then, in the headers or in the page, does not outlast the limit."""

    def drip(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.0 200 OK\r\n")
        for _ in range(100):
            request.wfile.write(b"X-A: b\r\n")
            request.wfile.flush()
            time.sleep(0.1)

    def trickle(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "text/plain")
        request.end_headers()
        for _ in range(100):
            request.wfile.write(b"x")
            request.wfile.flush()
            time.sleep(0.1)

    def quietly(answer: Answer) -> Answer:
        def run(request: BaseHTTPRequestHandler) -> None:
            try:
                answer(request)
            except OSError:
                request.close_connection = True

        return run

    site.answers |= {"/drip": quietly(drip), "/trickle": quietly(trickle)}
    for path in ("/drip", "/trickle"):
        began = time.monotonic()
        with pytest.raises(UnreadableDocument, match=r"longer than the limit of 0\.5 s"):
            pages(site, timeout_s=0.5).fetch(site.url(path))
        assert time.monotonic() - began < 3


def test_a_resolver_that_hangs_is_left() -> None:
    """The time limit holds for names too."""

    def slowly(host: str, port: int) -> list[str]:
        time.sleep(2)
        return ["8.8.8.8"]

    began = time.monotonic()
    with pytest.raises(UnreadableDocument, match="longer than the limit"):
        real(timeout_s=0.3, resolve=slowly).fetch("http://slow.example/")
    assert time.monotonic() - began < 1.5


def test_nobody_there_is_said(site: Site) -> None:
    """No name, no listener, no HTTP."""

    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror("Name or service not known")

    with pytest.raises(UnreadableDocument, match="no address"):
        real(resolve=unknown).fetch("http://nobody.example/")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(UnreadableDocument, match="no connection"):
        pages(site, ports=(port,)).fetch(f"http://site.example:{port}/")


def test_a_certificate_must_fit_the_name(site: Site) -> None:
    """A server that speaks no TLS, or for another name, is not read: the name is what was asked for."""
    site.serve("/", b"plain")
    with pytest.raises(UnreadableDocument):
        pages(site).fetch(f"https://site.example:{site.port}/")


def test_only_global_unicast_is_public() -> None:
    """Samples of each kind of address."""
    public = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::200e"]
    private = [
        "192.0.2.1",
        "198.18.0.1",
        "203.0.113.9",
        "240.0.0.1",
        "2001:db8::1",
        "3fff::1",
        "ff02::1",
        "100::1",
    ]
    assert [address for address in public if not is_public(ipaddress.ip_address(address))] == []
    assert [address for address in private if is_public(ipaddress.ip_address(address))] == []
    assert ssl.create_default_context().verify_mode == ssl.CERT_REQUIRED
