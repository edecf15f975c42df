"""The colours of pictures, measured as people with and without a colour deficiency see them."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from introspect.theme import (
    GRAPH_THEMES,
    OP_FAMILIES,
    Swatch,
    contrast,
    luminance,
    mixed,
    readable_on,
    tokens,
)

# Machado, Oliveira and Fernandes 2009, severity 1, in linear RGB
VISION = {
    "normal": np.eye(3),
    "protan": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deutan": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritan": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = TO_XYZ.sum(axis=1)
COLOURED = [name for name in OP_FAMILIES if name not in {"merge", "shape", "module", "io"}]
HEX = st.integers(0, 0xFFFFFF).map("#{:06X}".format)


def linear(color):
    parts = np.array([int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(color, vision="normal"):
    """CIE L*a*b* of a hex colour as seen by one kind of vision."""
    t = TO_XYZ @ np.clip(VISION[vision] @ linear(color), 0, 1) / WHITE
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(first, second, vision):
    return np.linalg.norm(lab(first, vision) - lab(second, vision))


def grounds(theme):
    """Every colour that chrome text may stand on."""
    return [theme.page, *theme.groups]


@pytest.mark.parametrize("name", list(GRAPH_THEMES))
def test_every_word_can_be_read_on_what_it_stands_on(name):
    theme = GRAPH_THEMES[name]
    least = 7.0 if name == "high-contrast" else 4.5
    for family, swatch in theme.families.items():
        assert contrast(swatch.text, swatch.fill) >= least, family
        if swatch.pattern:
            assert contrast(swatch.text, theme.hatch) >= least, family
    for ground in grounds(theme):
        assert contrast(theme.ink, ground) >= least
        assert contrast(theme.soft, ground) >= least
    assert contrast(theme.soft, theme.families["io"].fill) >= least  # shapes of inputs
    assert contrast(theme.page, theme.ink) >= least  # badges are ink with page-coloured words
    for percent in range(101):
        heat = f"heat/{percent:03d}"
        assert contrast(theme.color(f"{heat}/text"), theme.color(heat)) >= 4.5


@pytest.mark.parametrize("name", ["light", "dark", "print", "high-contrast"])
def test_outlines_and_lines_are_seen_on_what_they_stand_on(name):
    theme = GRAPH_THEMES[name]
    least = 7.0 if name == "high-contrast" else 3.0
    for family, swatch in theme.families.items():
        assert contrast(swatch.accent, swatch.fill) >= least, family
        assert contrast(swatch.accent, theme.page) >= least, family
    for ground in grounds(theme):
        assert contrast(theme.line, ground) >= least


@pytest.mark.parametrize("vision", list(VISION))
@pytest.mark.parametrize("name", ["light", "dark", "high-contrast"])
def test_families_are_told_apart_with_every_kind_of_vision(name, vision):
    families = GRAPH_THEMES[name].families
    for first, second in itertools.combinations(COLOURED, 2):
        assert distance(families[first].fill, families[second].fill, vision) >= 8, (first, second)
    if name != "high-contrast":  # its outlines are all but black
        for first, second in itertools.combinations(COLOURED, 2):
            apart = distance(families[first].accent, families[second].accent, vision)
            assert apart >= 15, (first, second)


def test_print_is_grey_and_tells_families_apart_by_shade_or_pattern():
    theme = GRAPH_THEMES["print"]
    colors = [theme.page, theme.ink, theme.soft, theme.line, theme.rim, theme.hatch, *theme.groups]
    colors += [part for s in theme.families.values() for part in (s.fill, s.accent, s.text)]
    colors += [theme.color(f"heat/{percent:03d}") for percent in range(0, 101, 10)]
    assert all(color[1:3] == color[3:5] == color[5:7] for color in colors)
    for first, second in itertools.combinations(COLOURED, 2):
        a, b = theme.families[first], theme.families[second]
        shade = abs(lab(a.fill)[0] - lab(b.fill)[0])
        assert a.pattern != b.pattern or shade >= 5, (first, second)


def test_the_palette_of_charts_is_told_apart_with_every_kind_of_vision():
    for mode in ("light", "dark"):
        lines = tokens()["categorical"][mode]["line"]
        for first, second in itertools.combinations(lines[:4], 2):
            for vision in VISION:
                assert distance(first, second, vision) >= 15, (mode, vision)


@pytest.mark.parametrize("vision", list(VISION))
@pytest.mark.parametrize("name", list(GRAPH_THEMES))
def test_more_heat_is_always_further_from_the_page(name, vision):
    theme = GRAPH_THEMES[name]
    levels = [lab(theme.color(f"heat/{percent:03d}"), vision)[0] for percent in range(0, 101, 5)]
    steps = np.diff(levels) if theme.is_dark else -np.diff(levels)
    assert steps.min() > 0
    assert abs(levels[-1] - levels[0]) > 55


def test_hiddenlayers_themes_have_its_colours():
    basic, blue = GRAPH_THEMES["basic"], GRAPH_THEMES["blue"]
    theirs = pytest.importorskip("introspect.compat.hiddenlayer.graph").THEMES
    for ours, name in ((basic, "basic"), (blue, "blue")):
        swatch = ours.families["conv"]
        found = [ours.page, swatch.fill, swatch.accent, swatch.text]
        keys = ("background_color", "fill_color", "outline_color", "font_color")
        assert found == [theirs[name][key] for key in keys]
        assert not ours.tells_families_apart


def test_torchviz_colours_are_those_that_graphviz_gives_these_names():
    families = GRAPH_THEMES["torchviz"].families
    # https://graphviz.org/doc/info/colors.html, X11
    expected = {
        "leaf": "#ADD8E6",  # lightblue
        "saved": "#FFA500",  # orange
        "output": "#CAFF70",  # darkolivegreen1
        "base": "#A2CD5A",  # darkolivegreen3
        "function": "#D3D3D3",  # lightgrey
    }
    assert {name: families[name].fill for name in expected} == expected


def test_every_theme_has_every_family_and_only_hex_colours():
    for theme in GRAPH_THEMES.values():
        assert set(OP_FAMILIES) <= set(theme.families)
        for swatch in theme.families.values():
            for color in (swatch.fill, swatch.accent, swatch.text):
                assert len(color) == 7
                assert luminance(color) >= 0


def test_a_theme_changed_a_little_keeps_the_rest():
    light = GRAPH_THEMES["light"]
    families = {**light.families, "conv": Swatch("#FFFFFF", "#000000", "#000000")}
    mine = dataclasses.replace(light, page="#FFFBF0", families=families, heat=None)
    assert mine.color("page") == "#FFFBF0"
    assert mine.color("conv/fill") == "#FFFFFF"
    assert mine.color("linear/fill") == light.color("linear/fill")
    assert mine.color("heat/100").lower() == tokens()["ramp"]["ink"]["light"][-1]
    night = dataclasses.replace(GRAPH_THEMES["dark"], heat=None)
    assert night.color("heat/000").lower() == tokens()["ramp"]["ink"]["dark"][0]


def test_a_family_that_a_theme_does_not_know_looks_like_another_module():
    light = GRAPH_THEMES["light"]
    assert light.color("quantum/fill") == light.color("module/fill")
    assert light.pattern("quantum/fill") == ""


@given(HEX)
def test_black_or_white_can_be_read_on_any_colour(fill):
    assert contrast(readable_on(fill), fill) >= 4.5


@given(HEX, HEX)
def test_contrast_has_no_direction_and_lies_between_1_and_21(first, second):
    assert contrast(first, second) == contrast(second, first)
    assert 1 <= contrast(first, second) <= 21.0001


@given(HEX, HEX)
def test_a_mix_begins_and_ends_with_its_colours(first, second):
    assert mixed(first, second, 0) == first
    assert mixed(first, second, 1) == second
