import io
import os
import pty
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from rich.console import Console

from introspect.canvas import Canvas
from introspect.canvas.clock import ProgressClock
from introspect.canvas.live import TerminalScreen
from introspect.canvas.screens import Screen, chosen, one_line
from introspect.canvas.terminal import as_renderable
from introspect.errors import IntrospectWarning

rng = np.random.default_rng(0)


def text_of(canvas, width=100, height=40):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(as_renderable(canvas.panels, width=width, height=height))
    return console.file.getvalue()


def filled(canvas, metric):
    with canvas:
        canvas.draw_progress(30, 120, epochs=4)
        canvas.draw_plot([metric("train", np.linspace(2, 0.5, 99).tolist())], title="Loss")
        canvas.draw_plot(metric("acc", np.linspace(0.1, 0.9, 99).tolist()))
        canvas.draw_hist(metric("w", [rng.normal(size=999) for _ in range(5)]))
        canvas.draw_image(metric("w", [rng.normal(size=(16, 16)) for _ in range(5)]))
    return canvas


@pytest.mark.parametrize("width", [20, 40, 80, 100, 300])
@pytest.mark.parametrize("height", [5, 24, 60])
def test_no_line_of_text_is_wider_than_the_terminal_or_a_hundred(canvas, metric, width, height):
    lines = text_of(filled(canvas, metric), width, height).splitlines()
    assert max(map(len, lines)) <= min(width, 100)


def test_the_text_names_lines_with_their_newest_values(canvas, metric):
    text = text_of(filled(canvas, metric))
    for words in ("epoch 2 of 4", "Loss", "train 0.500", "acc", "0.900", "step 0", "step 4"):
        assert words in text
    assert any("\u2801" <= letter <= "\u28ff" for letter in text)
    assert "█" in text


@pytest.mark.parametrize(
    "name", ["[bold]x[/bold]", "[/]", "\x1b[2J", "a\nb", "y" * 500, "漢字" * 60]
)
def test_hostile_names_are_plain_text_in_a_terminal(canvas, metric, name):
    with canvas:
        canvas.draw_plot([metric(name, [1.0, 2.0]), metric("b", [1.0])], title=name)
        canvas.draw_image(metric(name, [np.eye(3)]), title=name)
        canvas.draw_hist(metric(name, [np.arange(9.0)]), title=name)
    text = text_of(canvas)
    assert "\x1b" not in text
    if name == "[bold]x[/bold]":
        assert name in text


@pytest.mark.parametrize("data", [[], [1.0], [np.nan] * 5, [2.0] * 9, [1e300, -1e308], [0.0]])
def test_odd_columns_are_text_too(canvas, metric, data):
    with canvas:
        canvas.draw_plot(metric("m", data))
        canvas.draw_plot(metric("m", data))
    assert text_of(canvas).strip()


def test_a_fault_of_a_terminal_panel_hides_no_other(canvas, metric):
    with canvas:
        canvas.draw_image(metric("w", [np.array(["a"])]))
        canvas.draw_plot(metric("good", [1.0]))
    text = text_of(canvas)
    assert "no picture" in text
    assert "good" in text


def test_custom_panels_are_a_note_in_a_terminal():
    class Mine(Canvas):
        def draw_pie(self):
            raise AssertionError("painted in a terminal")

    mine = Mine(backend="none")
    mine.draw_pie()
    assert "draw_pie: drawn in pictures only" in text_of(mine)


def test_without_colours_pictures_are_shades(canvas, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    canvas.draw_image(np.linspace(0, 1, 64).reshape(8, 8))
    console = Console(file=io.StringIO(), width=60, force_terminal=True)
    console.print(as_renderable(canvas.panels, width=60, height=30))
    text = console.file.getvalue()
    assert "░" in text
    assert "▓" in text
    assert "\x1b[3" not in text


class Recorder(Screen):
    def __init__(self, **options):
        super().__init__(report=lambda *_: None, **options)
        self.drawn = []

    def draw(self, panels):
        self.drawn.append(panels)


def test_a_screen_draws_at_its_pace_and_shows_what_it_held_back_when_it_closes():
    screen = Recorder(every_s=60)
    for frame in range(100):
        screen.show([frame])
    assert screen.drawn == [[0]]
    screen.close()
    screen.close()
    assert screen.drawn == [[0], [99]]


def test_a_failing_screen_warns_once_and_the_training_goes_on():
    canvas = Canvas(backend="lines", every_s=0)
    canvas.draw_plot([1.0])

    def broken(_):
        raise OSError("the pipe is gone")

    def train():
        canvas._screen.draw = broken
        for _ in range(5):
            canvas._screen._due = 0.0
            canvas.draw_plot([1.0])
        canvas.close()

    with pytest.warns(IntrospectWarning, match="the pipe is gone") as caught:
        train()
    assert len(caught) == 1


def test_one_line_of_text_tells_the_newest_of_all(canvas, metric):
    with canvas:
        canvas.draw_plot(metric("loss", [2.0, 1.0], [(0, 1), (0, 2)]))
        canvas.draw_plot(metric("a\nb", [0.5], [(1, 1)]))
    assert one_line(canvas.panels) == "step 1:1   loss 1.00   a b 0.500"


def test_progress_measures_speed_over_the_last_minute_and_guesses_nothing_early():
    now = [0.0]
    clock = ProgressClock(now=lambda: now[0])
    assert clock.panel(0, 1000).left_s is None
    now[0] = 5.0
    early = clock.panel(5, 1000)
    assert (early.rate_per_s, early.left_s) == (1.0, None)
    for second in range(6, 400):  # ten times as fast later on
        now[0] = float(second)
        panel = clock.panel(min(5 + (second - 5) * 2, 1000), 1000)
    assert panel.rate_per_s == pytest.approx(2.0, rel=0.02)
    assert panel.left_s == pytest.approx((1000 - panel.done) / 2, rel=0.02)


def test_progress_that_starts_again_starts_its_clock_again():
    now = [0.0]
    clock = ProgressClock(now=lambda: now[0])
    clock.panel(50, 100)
    now[0] = 30.0
    assert clock.panel(0, 100).elapsed_s == 0.0


SCRIPT = """
import sys, time, numpy as np
from introspect.canvas import Canvas
canvas = Canvas({options})
for step in range(40):
    with canvas:
        canvas.draw_plot([1 / (1 + i) for i in range(step + 1)], title="Loss", labels="loss")
        canvas.draw_image(np.eye(4) - 0.5)
    if step == 20:
        print("a word of the training")
    {inside}
{after}
"""


def run_script(options="", inside="pass", after="", **env):
    code = textwrap.dedent(SCRIPT).format(options=options, inside=inside, after=after)
    return [sys.executable, "-c", code], {**os.environ, "PYTHONIOENCODING": "utf-8", **env}


def test_without_a_terminal_there_is_a_plain_line_now_and_then_and_one_at_the_end():
    command, env = run_script()
    done = subprocess.run(
        command, env=env, capture_output=True, check=True, encoding="utf-8", timeout=60
    )
    assert "\x1b" not in done.stdout
    assert done.stdout.splitlines() == [
        "step 0   loss 1.00",
        "a word of the training",
        "step 39   loss 0.0250",
    ]


def in_terminal(command, env):
    """What a program writes to a terminal of 100 x 40, and its exit status."""
    main, far = pty.openpty()
    env = {**env, "COLUMNS": "100", "LINES": "40", "TERM": "xterm"}
    process = subprocess.Popen(command, stdin=far, stdout=far, stderr=far, env=env)
    os.close(far)
    written = b""
    while True:
        try:
            part = os.read(main, 65536)
        except OSError:
            break
        if not part:
            break
        written += part
    os.close(main)
    return written.decode("utf-8"), process.wait(timeout=60)


@pytest.mark.parametrize(
    ("inside", "status"),
    [
        ("pass", 0),
        ("if step == 30: raise RuntimeError('the training failed')", 1),
        ("if step == 30: import os, signal; os.kill(os.getpid(), signal.SIGINT)", -2),
    ],
)
def test_a_terminal_shows_a_live_region_and_is_left_as_it_was(inside, status):
    written, ended = in_terminal(*run_script("every_s=0.05", inside))
    assert ended == status
    assert "Loss" in written
    assert "a word of the training" in written
    if status == 1:
        assert "the training failed" in written
    assert written.rfind("\x1b[?25l") < written.rfind("\x1b[?25h")  # the cursor is visible
    last = written[written.rfind("Loss") :]
    assert ("0.0250" if status == 0 else "0.0323") in last


def test_a_terminal_without_colours_gets_none():
    written, _ = in_terminal(*run_script(NO_COLOR="1"))
    assert "\x1b[3" not in written.replace("\x1b[?", "")
    assert "Loss" in written


def test_the_live_region_fits_a_small_terminal(canvas, metric):
    console = Console(file=io.StringIO(), force_terminal=True, width=40, height=10)
    screen = TerminalScreen(every_s=0, report=lambda *_: None, console=console)
    screen.show(filled(canvas, metric).panels)
    screen.close()
    assert "Loss" in console.file.getvalue()


def test_auto_is_lines_where_there_is_neither_kernel_nor_terminal():
    assert chosen("auto") == "lines"
    assert chosen("terminal") == "terminal"
