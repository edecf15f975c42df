"""``introspect.canvas.plot(..., ax=ax)`` and its siblings, rcParams and fonts."""

import inspect
import subprocess
import sys
import warnings

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import introspect.canvas as canvases
from introspect.canvas import Canvas, glyphs
from introspect.canvas.twins import NAMES
from introspect.errors import CanvasError, IntrospectWarning


def test_every_twin_takes_what_its_method_takes_and_axes_and_theme():
    for name in NAMES:
        twin = inspect.signature(getattr(canvases, name)).parameters
        method = inspect.signature(getattr(Canvas, f"draw_{name}")).parameters
        assert list(twin) == [*list(method)[1:], "ax", "theme"]
    methods = {name.removeprefix("draw_") for name in dir(Canvas) if name.startswith("draw_")}
    assert methods - set(NAMES) == {"figure", "panels"}  # these draw what is given as it is


def test_no_module_has_the_name_of_a_twin():
    from importlib.util import find_spec

    assert [name for name in NAMES if find_spec(f"introspect.canvas.{name}")] == []


def test_a_twin_draws_on_the_axes_it_is_given_and_returns_it():
    left, right = Figure(figsize=(8, 3)).subplots(1, 2)
    assert canvases.plot([3.0, 2.0, 1.0], title="Loss", ax=left) is left
    assert canvases.bar({"a": 1.0, "b": 2.0}, ax=right, theme="dark") is right
    assert left.lines
    assert right.patches
    assert left.lines[0].get_ydata().tolist() == [3.0, 2.0, 1.0]


def test_a_log_twin_can_be_drawn_over_in_the_units_of_the_data():
    ax = canvases.plot([1.0, 10.0, 100.0], log="y")
    assert ax.get_yscale() == "log"
    assert ax.lines[0].get_ydata() == pytest.approx([1.0, 10.0, 100.0])


def test_without_axes_a_twin_makes_a_figure_of_its_own_without_pyplot():
    script = """
import sys
import introspect.canvas as c
ax = c.confusion([[3, 1], [0, 2]], title="T")
assert ax.figure.axes == [ax]
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)


def test_importing_the_package_loads_neither_matplotlib_nor_rich_nor_torch():
    script = """
import sys
import introspect.canvas
bad = {"matplotlib", "rich", "torch", "IPython", "PIL"} & set(sys.modules)
assert not bad, bad
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_twin_raises_where_a_canvas_would_warn():
    with pytest.raises(CanvasError, match="this is no number"):
        canvases.plot(["x"])
    with pytest.raises(CanvasError, match="square of counts"):
        canvases.confusion(np.zeros((2, 3)))
    with pytest.raises(TypeError, match="unexpected"):
        canvases.plot([1], colour="red")
    with pytest.raises(AttributeError, match="plott"):
        _ = canvases.plott


def test_an_unknown_twin_of_images_falls_to_the_grid():
    from introspect.values import Images

    ax = canvases.image(Images.of(np.zeros((3, 4, 4))))
    assert len(ax.images) == 3


def test_what_the_user_set_in_rcparams_holds_and_what_not_is_ours(canvas):
    canvas.draw_plot([[1, 2], [2, 3]], labels=["a", "b"])
    with mpl.rc_context(
        {"axes.prop_cycle": mpl.cycler(color=["#123456", "#654321"]), "lines.linewidth": 5}
    ):
        lines = canvas.figure.axes[0].lines
        assert {to_hex(line.get_color()) for line in lines} == {"#123456", "#654321"}
        assert 5.0 in {line.get_linewidth() for line in lines}
    lines = canvas.figure.axes[0].lines
    assert "#123456" not in {to_hex(line.get_color()) for line in lines}
    assert 5.0 not in {line.get_linewidth() for line in lines}


def test_our_style_leaves_the_rcparams_of_the_user_as_they_were(canvas):
    before = dict(mpl.rcParams)
    canvas.draw_plot([1, 2])
    canvas.figure.canvas.draw()
    canvases.bar({"a": 1})
    assert dict(mpl.rcParams) == before


def test_the_dpi_of_the_user_is_that_of_the_file(canvas, tmp_path):
    from PIL import Image as Picture

    canvas.draw_plot([1, 2])
    sizes = []
    for dpi in (50, 100):
        with mpl.rc_context({"savefig.dpi": dpi}):
            canvas.save(tmp_path / "x.png")
        with Picture.open(tmp_path / "x.png") as picture:
            sizes.append(picture.size[0])
    canvas.save(tmp_path / "x.png", dpi=60)
    with Picture.open(tmp_path / "x.png") as picture:
        sizes.append(picture.size[0])
    assert sizes == [500, 1000, 600]


def small_font(path, letters, family):
    """A font with boxes for some letters, made with fontTools."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    for index, point in enumerate([(100, 0), (100, 800), (800, 800), (800, 0)]):
        (pen.lineTo if index else pen.moveTo)(point)
    pen.closePath()
    box = pen.glyph()
    names = [".notdef", *(f"uni{ord(letter):04X}" for letter in letters)]
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder(names)
    font.setupCharacterMap({ord(x): f"uni{ord(x):04X}" for x in letters})
    font.setupGlyf(dict.fromkeys(names, box))
    font.setupHorizontalMetrics(dict.fromkeys(names, (900, 100)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": family, "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    font.save(path)


@pytest.fixture
def fresh_fonts(monkeypatch):
    from matplotlib.font_manager import fontManager

    monkeypatch.setattr(glyphs, "_told", set())
    glyphs._is_in.cache_clear()
    glyphs._family_with.cache_clear()
    before = list(fontManager.ttflist)
    yield fontManager
    fontManager.ttflist[:] = before
    glyphs._is_in.cache_clear()
    glyphs._family_with.cache_clear()


def test_a_chinese_title_is_drawn_with_an_installed_font_that_has_it(canvas, tmp_path, fresh_fonts):
    small_font(tmp_path / "cjk.ttf", "损失", "Test CJK")
    fresh_fonts.addfont(str(tmp_path / "cjk.ttf"))
    canvas.draw_plot([3, 2, 1], title="训练损失"[2:])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        canvas.save(tmp_path / "x.svg")
        canvas.save(tmp_path / "x.png")
    assert "Test CJK" in (tmp_path / "x.svg").read_text(encoding="utf-8")


def test_letters_that_no_font_has_are_one_warning_and_a_picture(canvas, tmp_path, fresh_fonts):
    fresh_fonts.ttflist[:] = [e for e in fresh_fonts.ttflist if e.name.startswith("DejaVu")]
    canvas.draw_plot([3, 2, 1], title="訓練損失 𓀀")
    with pytest.warns(IntrospectWarning, match="no installed font has") as told:
        canvas.save(tmp_path / "x.png")
    canvas.save(tmp_path / "x.png")  # a second warning would be an error
    assert len([w for w in told if w.category is IntrospectWarning]) == 1
    assert (tmp_path / "x.png").stat().st_size > 1000


def test_greek_and_signs_need_no_other_font():
    assert glyphs.fallbacks("σ² ≤ ∇w → 10⁻³ √ ±") == []
