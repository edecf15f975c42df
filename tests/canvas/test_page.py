"""The page over real sockets: who is let in, what is sent, what is left behind."""

import base64
import http.client
import json
import socket
import threading
import time
import warnings
import zlib

import numpy as np
import pytest

import introspect
from introspect.canvas.page import Page, serve
from introspect.canvas.page.doors import bound, told
from introspect.canvas.page.graphs import Graphs
from introspect.canvas.page.guard import Guard, host_name
from introspect.errors import CanvasError
from introspect.nouns.panels import GraphPanel, LinePanel

pytest.importorskip("starlette", reason="the page needs the extra page")
pytest.importorskip("uvicorn", reason="the page needs the extra page")
client = pytest.importorskip("websockets.sync.client", reason="the page needs the extra page")
exceptions = pytest.importorskip("websockets.exceptions")


@pytest.fixture
def history():
    history = introspect.History()
    for step in range(100):
        history.log(step, loss=1 / (1 + step), acc=step / 100)
    return history


@pytest.fixture
def page(history):
    with serve(history, tell=False) as page:
        yield page


def get(page, path="/", **headers):
    """Status, headers and body; nothing follows a redirect by itself."""
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=10)
    host = headers.pop("host", f"127.0.0.1:{page.port}")
    connection.putrequest("GET", path, skip_host=True)
    for name, value in {"host": host, **headers}.items():
        if value is not None:
            connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


def token(page):
    return page.url.partition("token=")[2]


def cookie(page):
    return f"introspect-{page.port}={token(page)}"


def visit(page, *, origin="same", cookies="mine", **options):
    """A WebSocket as a browser opens it."""
    origin = f"http://127.0.0.1:{page.port}" if origin == "same" else origin
    cookies = cookie(page) if cookies == "mine" else cookies
    headers = {"Cookie": cookies} if cookies else {}
    url = f"ws://127.0.0.1:{page.port}/live"
    return client.connect(url, origin=origin, additional_headers=headers, max_size=2**22, **options)


def header_of(message):
    """The JSON header of a binary message."""
    assert message[:4] == b"ITC1"
    size = int.from_bytes(message[4:8], "little")
    return json.loads(message[8 : 8 + size])


def read_all(browser, seconds=1.0):
    """Every binary message until nothing comes for a while, each answered."""
    messages = []
    while True:
        try:
            message = browser.recv(timeout=seconds)
        except TimeoutError:
            return messages
        if isinstance(message, bytes):
            messages.append(message)
            browser.send(json.dumps({"ack": header_of(message)["seq"]}))


# --- who is let in -------------------------------------------------------------------------


def test_the_token_in_the_address_becomes_a_cookie_and_leaves_the_address(page):
    status, headers, _ = get(page, f"/?token={token(page)}")
    assert status == 303
    assert headers["location"] == "/"
    assert headers["set-cookie"].startswith(f"introspect-{page.port}={token(page)}")
    assert "httponly" in headers["set-cookie"].lower()
    assert "samesite=strict" in headers["set-cookie"].lower()
    status, headers, body = get(page, cookie=cookie(page))
    assert status == 200
    assert b"page.js" in body
    assert token(page).encode() not in body


@pytest.mark.parametrize("path", ["/", "/page.js", "/live", "/graph/x", "/nothing"])
def test_nothing_is_answered_without_the_token(page, path):
    for headers in ({}, {"cookie": f"introspect-{page.port}=wrong"}, {"cookie": "introspect="}):
        status, sent, body = get(page, path, **headers)
        assert status == 403
        assert token(page).encode() not in body
        assert "set-cookie" not in sent
    assert get(page, path + "?token=wrong")[0] == 403
    assert get(page, path + "?token=")[0] == 403


@pytest.mark.parametrize(
    ("host", "is_mine"),
    [
        ("localhost:{port}", True),
        ("127.0.0.1:{port}", True),
        ("[::1]:{port}", True),
        ("localhost:12345", True),  # the other end of a tunnel
        ("LOCALHOST", True),
        ("evil.example", False),
        ("evil.example:{port}", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example:{port}", False),
        ("user@localhost:{port}", False),
        ("localhost:{port}@evil.example", False),
        ("", False),
        (None, False),
    ],
)
def test_a_foreign_host_is_refused_even_with_the_token(page, host, is_mine):
    host = None if host is None else host.format(port=page.port)
    status = get(page, host=host, cookie=cookie(page))[0]
    assert status == (200 if is_mine else 403) or (host is None and status == 400)


def test_more_hosts_can_be_allowed(history):
    with serve(history, tell=False, allow_hosts=["Box.example:8080"]) as page:
        assert get(page, host=f"box.example:{page.port}", cookie=cookie(page))[0] == 200
        assert get(page, host="other.example", cookie=cookie(page))[0] == 403


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://localhost.evil.example", "file://"]
)
def test_a_websocket_of_another_site_is_refused(page, origin):
    with pytest.raises(exceptions.InvalidStatus) as refused:
        visit(page, origin=origin)
    assert refused.value.response.status_code == 403


def test_a_websocket_without_the_cookie_is_refused(page):
    for cookies in (None, f"introspect-{page.port}=wrong"):
        with pytest.raises(exceptions.InvalidStatus) as refused:
            visit(page, cookies=cookies)
        assert refused.value.response.status_code == 403


def test_a_page_of_another_site_cannot_read_files(page):
    status = get(page, "/page.js", cookie=cookie(page), origin="http://evil.example")[0]
    assert status == 403


def test_every_answer_says_what_the_page_may_load(page):
    for path in ("/", "/page.js", "/nothing"):
        for cookies in (None, cookie(page)):
            _, headers, _ = get(page, path, cookie=cookies)
            if "content-security-policy" not in headers:
                assert (path, cookies) == ("/nothing", cookie(page))  # starlette's plain 404
                continue
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "http" not in policy.replace("'self'", "")
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"


def test_two_pages_have_different_tokens_and_cookies(history):
    with serve(history, tell=False) as one, serve(history, tell=False) as other:
        assert token(one) != token(other)
        assert Guard.of(one.port).cookie != Guard.of(other.port).cookie
        assert get(other, cookie=f"introspect-{other.port}={token(one)}")[0] == 403


def test_names_of_hosts():
    assert host_name("a.b:1") == "a.b"
    assert host_name("[fe80::1]:80") == "fe80::1"
    for bad in ("a:b:c:", "[::1", "a:port", "a/b", "a?b", "a#b", "a\\b", "a\0b", " ", "u@h"):
        assert host_name(bad) is None or host_name(bad) == "a"


# --- what is sent --------------------------------------------------------------------------


def test_a_browser_gets_everything_and_then_what_is_new(page, history):
    with visit(page) as browser:
        first = read_all(browser)
        assert first
        names = json.dumps([header_of(message) for message in first])
        assert "loss" in names
        assert "acc" in names
        size = sum(map(len, first))
        for step in range(100, 110):
            history.log(step, loss=0.5, acc=0.5)
        later = read_all(browser)
        assert later
        assert sum(map(len, later)) < size


def test_a_slow_browser_gets_larger_messages_less_often(page, history):
    with visit(page) as browser:
        read_all(browser)
        messages = []
        for step in range(100, 1100):
            history.log(step, loss=0.5)
            if step % 250 == 0:
                time.sleep(0.2)
        try:
            while True:
                messages.append(browser.recv(timeout=0.5))
        except TimeoutError:
            pass
        assert len([message for message in messages if isinstance(message, bytes)]) == 1


def test_many_browsers_see_the_same(page):
    seen = []

    def look():
        with visit(page) as browser:
            seen.append(sum(map(len, read_all(browser))))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(seen) == 8
    assert len(set(seen)) == 1


def test_nonsense_from_a_browser_changes_nothing(page):
    with visit(page) as browser:
        for words in ("", "[", "[]", '"x"', "{}", '{"wish": 3}', '{"ask": []}', "[" * 5000):
            browser.send(words)
        assert read_all(browser)


def test_a_browser_that_vanishes_takes_nothing_with_it(page, history):
    for _ in range(5):
        browser = visit(page)
        browser.socket.close()
    history.log(200, loss=1.0)
    with visit(page) as browser:
        assert read_all(browser)


def test_a_canvas_is_shown_as_it_is_drawn():
    canvas = introspect.Canvas(backend="none")
    canvas.draw_plot([3.0, 2.0], title="first")
    with serve(canvas, tell=False) as page, visit(page) as browser:
        assert "first" in json.dumps([header_of(message) for message in read_all(browser)])
        canvas.draw_plot([3.0, 2.0], title="second")
        assert "second" in json.dumps([header_of(message) for message in read_all(browser)])


def test_a_function_is_asked_each_time():
    steps = np.arange(3)
    shown = []

    def make():
        shown.append(1)
        return introspect.Canvas(backend="none").panels or (LinePanel((), title=str(steps.size)),)

    with serve(make, tell=False) as page, visit(page) as browser:
        read_all(browser)
    assert shown


# --- how it begins and ends ----------------------------------------------------------------


def test_what_cannot_be_shown_is_an_error_of_the_call():
    with pytest.raises(CanvasError, match="cannot be shown"):
        serve(3)
    with pytest.raises(CanvasError, match="cannot be shown"):
        serve([1, 2])


def test_a_taken_port_is_an_error_that_says_so(page, history):
    with pytest.raises(CanvasError, match="no address") as raised:
        serve(history, port=page.port)
    assert "port=0" in str(raised.value)
    with pytest.raises(CanvasError, match="no address"):
        bound("256.256.256.256", 0)
    with pytest.raises(CanvasError, match="no address"):
        bound("127.0.0.1", 70_000)


def test_closing_frees_the_port_and_the_thread(history):
    page = serve(history, tell=False)
    assert page.is_open
    with visit(page) as browser:
        read_all(browser, 0.3)
        page.close()
    assert not page.is_open
    assert page.wait(5)
    page.close()
    with pytest.raises(OSError):  # noqa: PT011  any refusal will do
        socket.create_connection(("127.0.0.1", page.port), 0.5).close()
    assert not [t for t in threading.enumerate() if t.name == "introspect page"]
    with serve(history, port=page.port, tell=False) as again:
        assert again.port == page.port


def test_the_training_runs_in_a_thread_while_the_page_is_in_the_foreground(history):
    page = serve(history, tell=False)

    def train():
        history.log(1000, loss=0.0)
        threading.Timer(0.2, page.close).start()
        return "trained"

    assert page.start(train) == "trained"
    assert history["loss"].last == 0.0


def test_an_error_of_the_training_is_raised_in_the_foreground(history):
    page = serve(history, tell=False)

    def train():
        raise ZeroDivisionError("of the training")

    with pytest.raises(ZeroDivisionError, match="of the training"):
        page.start(train)
    assert not page.is_open


def test_the_address_is_printed_once_and_tells_the_way_through_ssh(history, capsys, monkeypatch):
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    serve(history).close()
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("http://127.0.0.1:") == 1
    assert "ssh" not in said.err
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 5000 10.0.0.2 22")
    lines = told("http://127.0.0.1:8000/?token=x", "127.0.0.1", 8000)
    assert "ssh -L 8000:127.0.0.1:8000 " in lines[1]
    assert lines[1].endswith("@10.0.0.2")
    assert len(told("http://10.0.0.2:8000/?token=x", "10.0.0.2", 8000)) == 1


def test_a_page_is_not_pickled(page):
    import pickle

    with pytest.raises(CanvasError, match="cannot be pickled"):
        pickle.dumps(page)
    assert isinstance(page, Page)


def test_the_training_is_not_slowed_by_browsers(page, history):
    def timed():
        began_s = time.process_time()
        for step in range(2000):
            history.log(step, loss=1.0)
        return time.process_time() - began_s

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with visit(page) as browser:
            read_all(browser, 0.3)
            assert timed() < 2.0


# --- a canvas with a page of its own -------------------------------------------------------


def test_a_canvas_can_have_a_page(capsys):
    canvas = introspect.Canvas(page=True)
    try:
        assert capsys.readouterr().err.count(canvas.page.url) == 1
        with canvas:
            canvas.draw_plot([3.0, 2.0], title="first")
            with canvas.row():
                canvas.draw_text("side", title="left")
                canvas.draw_text("side", title="right")
        with visit(canvas.page) as browser:
            told = json.dumps([header_of(message) for message in read_all(browser)])
            assert all(word in told for word in ("first", "left", "right", '"live"'))
            canvas.close()
            told = json.dumps([header_of(message) for message in read_all(browser)])
            assert "finished" in told
        assert canvas.page.is_open
    finally:
        canvas.page.close()


def test_three_lines_make_a_page_of_a_script():
    canvas = introspect.Canvas(page=True)

    @canvas.start
    def result():
        canvas.draw_plot([1.0, 2.0])
        threading.Timer(0.2, canvas.page.close).start()
        return "trained"

    assert result == "trained"


def test_a_canvas_without_a_page_says_how_to_get_one():
    with pytest.raises(CanvasError, match="page=True"):
        introspect.Canvas(backend="none").start(print)


def test_a_source_that_fails_is_told_in_the_browser_and_ends_nothing():
    def make():
        raise ZeroDivisionError("in the source")

    class Broken:
        def panels(self, wish):
            del wish
            return make()

        def state(self, wish):
            del wish
            return ""

        def contents(self):
            return {}

    with serve(Broken(), tell=False) as page:
        for _ in range(2):
            with visit(page) as browser:
                told = json.dumps([header_of(message) for message in read_all(browser)])
                assert "ZeroDivisionError: in the source" in told


def test_a_graph_has_an_address_of_its_own_where_its_scripts_reach_nothing():
    torch = pytest.importorskip("torch")
    canvas = introspect.Canvas(backend="none")
    canvas.draw_graph(introspect.trace(torch.nn.Linear(2, 3), torch.zeros(1, 2)), title="Mine")
    with serve(canvas, tell=False) as page:
        with visit(page) as browser:
            messages = read_all(browser)
        (spec,) = header_of(messages[0])["panels"].values()
        assert (spec["kind"], spec["title"]) == ("graph", "Mine")
        status, headers, body = get(page, f"/{spec['address']}?theme=dark", cookie=cookie(page))
        assert status == 200
        assert b"Linear" in body
        policy = headers["content-security-policy"]
        assert "sandbox allow-scripts allow-downloads" in policy  # no allow-same-origin
        assert "frame-ancestors 'self'" in policy
        assert get(page, "/graph/unknown", cookie=cookie(page))[0] == 404
        assert get(page, f"/{spec['address']}")[0] == 403
        # Another browser, and the same graph drawn again, get the same address.
        canvas.draw_graph(canvas.panels[0].graph, title="Mine")
        with visit(page) as browser:
            again = header_of(read_all(browser)[0])["panels"]
        assert [one["address"] for one in again.values()] == [spec["address"]]


def test_graphs_that_are_long_gone_are_let_go():
    torch = pytest.importorskip("torch")
    graphs = Graphs()
    graph = introspect.trace(torch.nn.ReLU(), torch.zeros(1))
    names = [graphs.framed([GraphPanel(graph, depth=k)])[0].address for k in range(40)]
    assert len(set(names)) == 40
    assert graphs.page(names[0].removeprefix("graph/"), "light") is None
    assert graphs.page(names[-1].removeprefix("graph/"), "nonsense") is not None


class _Mine(introspect.Canvas):
    def draw_circle(self, radius):
        self.ax.plot([0, radius], [0, radius])


def test_a_drawing_of_the_users_own_is_a_picture_on_a_page_and_in_a_saved_one(tmp_path):
    canvas = _Mine(page=True)
    with canvas:
        canvas.draw_circle(1)
        with canvas.row():
            canvas.draw_circle(2)
            canvas.draw_plot([3, 2, 1], title="Loss")
    with visit(canvas.page) as browser:
        headers = [header_of(message) for message in read_all(browser)]
    panels = headers[0]["panels"]
    assert [panel["kind"] for panel in panels.values()] == ["picture", "picture", "lines"]
    pictures = [part for part in headers[0]["arrays"] if part["id"].endswith(".file")]
    assert len(pictures) == 2
    assert all(part["shape"][0] > 1000 for part in pictures)
    canvas.page.close()
    still = _Mine(backend="none")
    still.draw_circle(1)
    still.save(tmp_path / "mine.html")
    assert "not painted yet" not in shown_in((tmp_path / "mine.html").read_text())
    assert '"kind":"picture"' in shown_in((tmp_path / "mine.html").read_text())


def shown_in(text):
    """What a saved page holds, as text."""
    packed = text.partition('id="introspect-data">')[2].partition("<")[0]
    return zlib.decompress(base64.b64decode(packed)).decode("latin-1").replace(" ", "")
