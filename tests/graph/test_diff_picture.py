"""What the picture of a diff shows, against what the two models say of themselves."""

import base64
import json
import re
import xml.etree.ElementTree as ET
import zlib
from collections import Counter, OrderedDict
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

import introspect
from introspect.errors import FormatError
from introspect.graph.compare.changes import GraphDiff
from introspect.graph.compare.picture import outlined, picture
from introspect.nouns.drawing import Cluster, Rect
from introspect.theme import DIFF_FAMILIES, GRAPH_THEMES


def traced(model, *shape):
    return introspect.trace(model.eval(), torch.zeros(*shape))


def compared(before, after, *shape):
    return introspect.diff(traced(before, *shape), traced(after, *shape))


def boxes_of(diff, **options):
    """Every box of the picture's outline but the root."""
    root = outlined(diff, fold=options.get("fold", False), depth=options.get("depth"))[0].root
    return [box for box in (*root.groups(), *root.leaves()) if box is not root]


def marks_of(diff):
    """Path of each drawn module to its mark."""
    return {box.path: box.mark for box in boxes_of(diff) if box.kind in {"leaf", "group"}}


def chain(layers):
    return nn.Sequential(OrderedDict(layers))


def shrink(place, variant):
    """A layer that no other place and no other variant has; nothing fuses it."""
    return nn.Softshrink(0.125 * (1 + 2 * place + variant))


CHOICES = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.integers(0, 1), st.integers(0, 1)),
    min_size=1,
    max_size=9,
)


@settings(deadline=None, max_examples=40)
@given(CHOICES)
def test_every_module_wears_the_mark_that_the_two_models_give_it(choices):
    layers = [[("stem", nn.Linear(4, 4))], [("stem", nn.Linear(4, 4))]]
    expected = {"stem": "="}
    for place, (in_a, in_b, variant_a, variant_b) in enumerate(choices):
        name = f"n{place}"
        if in_a:
            layers[0].append((name, shrink(place, variant_a)))
            expected[name] = "−"
        if in_b:
            layers[1].append((name, shrink(place, variant_b)))
            expected[name] = "+"
        if in_a and in_b:
            expected[name] = "=" if variant_a == variant_b else "~"
    before, after = chain(layers[0]), chain(layers[1])
    assert set(expected) == {name for m in (before, after) for name, _ in m.named_children()}
    diff = compared(before, after, 1, 4)
    assert marks_of(diff) == expected
    counts = Counter(expected.values())
    head = picture(diff).description
    for mark, word in (("+", "added"), ("−", "removed"), ("~", "changed")):
        assert (f"{counts[mark]} {word}" in head) == (counts[mark] > 0)


@settings(deadline=None, max_examples=40)
@given(CHOICES)
def test_wires_of_both_models_are_drawn_and_make_no_cycle(choices):
    rows = [[("stem", nn.Linear(4, 4))], [("stem", nn.Linear(4, 4))]]
    for place, (in_a, in_b, variant_a, variant_b) in enumerate(choices):
        for row, is_in, variant in ((rows[0], in_a, variant_a), (rows[1], in_b, variant_b)):
            row.extend([(f"n{place}", shrink(place, variant))] if is_in else [])
    diff = compared(chain(rows[0]), chain(rows[1]), 1, 4)
    leaves = {box.path or box.name: box for box in boxes_of(diff) if box.kind == "leaf"}
    drawn = {(source.path, box.path) for box in leaves.values() for source in box.sources}
    drawn -= {pair for pair in drawn if pair[1] == "stem"}  # from the input
    wanted = set()
    for row in rows:
        names = [name for name, _ in row]
        wanted |= set(pairwise(names))
    for source, reader in wanted ^ drawn:  # a removed wire between two that stayed is not drawn
        assert (source, reader) in wanted
        assert leaves[source].mark != "−"
        assert leaves[reader].mark != "−"
    seen, todo = set(), list(leaves.values())
    while todo:
        ready = [box for box in todo if not any(s in todo for s in box.sources)]
        assert ready, "the boxes read each other in a circle"
        seen.update(ready)
        todo = [box for box in todo if box not in seen]


def test_of_a_wider_layer_only_the_cause_is_marked_and_the_rest_has_a_note():
    def net(width):
        return nn.Sequential(
            nn.Conv2d(3, width, 3), nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, 8, 3)
        )

    diff = compared(net(64), net(128), 1, 3, 8, 8)
    boxes = {box.path: box for box in boxes_of(diff)}
    assert {path: box.mark for path, box in boxes.items() if box.mark != "="} == {"0": "~"}
    assert boxes["0"].detail == "out 64 → 128"
    assert boxes["3"].detail == "3×3, 128 → 8 · was 64 → 8"
    assert "1 changed" in picture(diff).description
    assert "2 of them follow in size" in picture(diff).description  # the norm and the second


class Block(nn.Module):
    def __init__(self, norm):
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3, padding=1)
        self.bn = norm(8)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x))) + x


def tower(norm, count=6):
    return chain([("blocks", nn.Sequential(*(Block(norm) for _ in range(count))))])


def halves(width):
    return nn.InstanceNorm2d(width, affine=True)


def test_equal_changes_fold_and_their_number_is_kept():
    diff = compared(tower(nn.BatchNorm2d), tower(halves), 1, 8, 4, 4)
    flat = boxes_of(diff)
    strips = [s.text for box in flat for s in box.after if s.family == "changed"]
    assert strips == ["~ BatchNorm2d → InstanceNorm2d"] * 6
    folded = boxes_of(diff, fold=True)
    assert [(box.name, box.count) for box in folded if box.count > 1] == [("blocks.0–5", 6)]
    assert sum(1 for box in folded for s in box.after if s.family == "changed") == 1
    assert "6 changed" in picture(diff).description


def test_a_marked_block_never_folds_with_an_unmarked_one():
    model = tower(nn.BatchNorm2d)
    other = tower(nn.BatchNorm2d)
    other.blocks[3].conv = nn.Conv2d(8, 8, 3, padding=1, padding_mode="circular")
    diff = compared(model, other, 1, 8, 4, 4)
    conv = [box for box in boxes_of(diff, fold=True) if box.mark == "~"]
    assert [box.path for box in conv] == ["blocks.3.conv"]
    assert conv[0].parent.count == 1
    names = {box.name for box in boxes_of(diff, fold=True)}
    assert {"0–2", "4–5"} <= {name.rpartition(".")[2] or name for name in names}


def test_unchanged_blocks_are_closed_and_changed_ones_open():
    model, other = tower(nn.BatchNorm2d), tower(nn.BatchNorm2d)
    other.blocks[2].conv = nn.Conv2d(8, 8, 1)
    found = boxes_of(compared(model, other, 1, 8, 4, 4))
    boxes = {box.path: box for box in found if box.kind != "op"}
    assert boxes["blocks.2"].kind == "group"
    assert all(boxes[f"blocks.{k}"].sealed_leaves for k in (0, 1, 3, 4, 5))
    assert boxes["blocks.2.conv"].detail.startswith("kernel 3×3 → 1×1, padding 1×1 → 0×0")


def test_long_stretches_of_what_is_unchanged_become_one_card():
    layers = [(f"n{k}", shrink(k, 0)) for k in range(40)]
    other = [*layers[:30], ("n30", shrink(30, 1)), *layers[31:]]
    diff = compared(chain(layers), chain(other), 1, 4)
    words = [box.module for box in boxes_of(diff, fold=True) if "unchanged" in box.module]
    assert words == ["30 unchanged", "9 unchanged"]


def test_a_removed_block_is_a_ghost_between_its_neighbours():
    diff = compared(tower(nn.BatchNorm2d, 4), tower(nn.BatchNorm2d, 3), 1, 8, 4, 4)
    ghosts = [box for box in boxes_of(diff) if box.mark == "−"]
    assert [(box.path, box.kind) for box in ghosts] == [("blocks.3", "leaf")]
    assert [source.path for source in ghosts[0].sources] == ["blocks.2"]
    output = next(box for box in boxes_of(diff) if box.name == "output")
    assert {source.path for source in output.sources} == {"blocks.2", "blocks.3"}


def test_ghosts_and_their_wires_are_dashed_and_nothing_else_is():
    def dashes(diff):
        return picture(diff, legend=False).walk()

    gone = compared(tower(nn.BatchNorm2d, 4), tower(nn.BatchNorm2d, 3), 1, 8, 4, 4)
    dashed = [shape for shape in dashes(gone) if getattr(shape, "dash", ())]
    assert {getattr(s, "stroke", "") for s in dashed} == {"removed/accent"}
    boxes = [shape for shape in dashed if isinstance(shape, Rect)]
    assert len(boxes) == 1
    assert len(dashed) == 4  # the box, the wire to it, and from it to the border and beyond
    same = compared(tower(nn.BatchNorm2d, 4), tower(nn.BatchNorm2d, 4), 1, 8, 4, 4)
    assert not [shape for shape in dashes(same) if getattr(shape, "dash", ())]


def test_a_renamed_block_says_its_old_name():
    before = chain([("first", nn.Linear(4, 7)), ("old", nn.Linear(7, 4))])
    after = chain([("first", nn.Linear(4, 7)), ("new", nn.Linear(7, 4))])
    (box,) = [b for b in boxes_of(compared(before, after, 1, 4)) if b.mark != "="]
    assert (box.path, box.mark, box.detail) == ("new", "→", "7 → 4 · was old")


def test_a_function_in_place_of_another_is_said_with_both_words():
    class Net(nn.Module):
        def __init__(self, act):
            super().__init__()
            self.fc, self.act = nn.Linear(4, 4), act

        def forward(self, x):
            return self.act(self.fc(x) * 2) * x

    diff = compared(Net(functional.relu), Net(functional.gelu), 1, 4)
    assert [box.module for box in boxes_of(diff) if box.mark == "~"] == ["ReLU → GELU"] or any(
        "ReLU → GELU" in strip.text for box in boxes_of(diff) for strip in box.after
    )


class Wired(nn.Module):
    def __init__(self, *, twice):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)
        self.twice = twice

    def forward(self, x):
        y = self.a(x)
        z = self.b(y)
        return self.c(y if self.twice else z) + z


class Dropping(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.fc, self.drop = nn.Linear(4, 4), nn.Dropout(p)

    def forward(self, x):
        return self.drop(self.fc(x))


class Twice(nn.Module):
    def __init__(self, times):
        super().__init__()
        self.fc, self.times = nn.Linear(4, 4), times

    def forward(self, x):
        for _ in range(self.times):
            x = self.fc(x)
        return x


CASES = {
    "other wires": (Wired(twice=True), Wired(twice=False), (1, 4)),
    "hidden layer": (Dropping(0.1), Dropping(0.5), (1, 4)),
    "fewer calls": (Twice(3), Twice(2), (1, 4)),
    "more calls": (Twice(2), Twice(4), (1, 4)),
    "another class": (nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 4), nn.Tanh()), (1, 4)),
    "layer to block": (
        chain([("x", nn.Linear(4, 4)), ("y", nn.Tanh())]),
        chain([("x", nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 4))), ("y", nn.Tanh())]),
        (1, 4),
    ),
    "block to layer": (
        chain([("x", nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 4))), ("y", nn.Tanh())]),
        chain([("x", nn.Linear(4, 4)), ("y", nn.Tanh())]),
        (1, 4),
    ),
    "an insertion": (
        nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 5), nn.Linear(5, 6)),
        nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 5), nn.Linear(5, 6)),
        (1, 4),
    ),
    "another order": (
        chain([("x", nn.Linear(4, 4)), ("y", nn.Tanh()), ("z", nn.Linear(4, 4, bias=False))]),
        chain([("z", nn.Linear(4, 4, bias=False)), ("y", nn.Tanh()), ("x", nn.Linear(4, 4))]),
        (1, 4),
    ),
    "nothing in common": (nn.Sequential(nn.Linear(4, 9), nn.ReLU()), Wired(twice=True), (1, 4)),
    "a wrapper more": (tower(nn.BatchNorm2d, 2), nn.Sequential(tower(halves, 3)), (1, 8, 4, 4)),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("is_back", [False, True])
def test_every_changed_path_is_seen(name, is_back):
    before, after, shape = CASES[name]
    diff = compared(*((after, before) if is_back else (before, after)), *shape)
    assert diff
    drawn, merged, swallowed = outlined(diff, fold=False)
    root = drawn.root
    marked = [b for b in (*root.groups(), *root.leaves()) if b.mark not in {"", "="}]
    words = " ".join([*(b.path for b in marked), *swallowed.values(), *merged.remarks])
    seen = set(re.findall(r"[\w.]+", words))
    loose = any(b.kind == "op" for b in marked)
    for change in diff:
        sized = change.aspect in {"shapes", "dtypes", "parameters"} or change.what == "outputs"
        above = {change.path.rsplit(".", k)[0] for k in range(change.path.count(".") + 1)}
        inside = any(path.startswith(f"{change.path}.") for path in seen)  # of a mere shell
        assert sized or above & seen or inside or (not change.path and (loose or merged.remarks)), (
            change
        )
    assert marked or merged.remarks
    assert picture(diff).shapes


def test_equal_graphs_give_a_calm_picture_that_says_so():
    diff = compared(tower(nn.BatchNorm2d), tower(nn.BatchNorm2d), 1, 8, 4, 4)
    drawing = picture(diff)
    assert drawing.description.startswith("equal in structure")
    used = {
        role for s in drawing.walk() for role in (getattr(s, "fill", ""), getattr(s, "stroke", ""))
    }
    assert not {f"{name}/fill" for name in ("added", "removed", "changed", "moved")} & used
    assert {box.mark for box in boxes_of(diff)} <= {"", "="}


def test_each_mark_is_told_by_colour_sign_and_word(tmp_path):
    before = chain(
        [("a", shrink(0, 0)), ("b", shrink(1, 0)), ("c", shrink(2, 0)), ("old", nn.Linear(4, 4))]
    )
    after = chain(
        [("a", shrink(0, 1)), ("c", shrink(2, 0)), ("d", shrink(3, 0)), ("new", nn.Linear(4, 4))]
    )
    diff = compared(before, after, 1, 4)
    drawing = picture(diff)
    heard = {
        shape.title.split()[0]: shape.description
        for shape in drawing.shapes
        if isinstance(shape, Cluster) and shape.role == "box"
    }
    assert {name: heard[name] for name in "abcd"} == {
        "a": "changed",
        "b": "removed",
        "c": "same",
        "d": "added",
    }
    assert heard["new"] == "moved"
    diff.save(tmp_path / "diff.svg")
    text = (tmp_path / "diff.svg").read_text()
    words = "".join(ET.fromstring(text).itertext())
    assert all(word in words for word in DIFF_FAMILIES.values())
    light = GRAPH_THEMES["light"]
    for look in DIFF_FAMILIES:
        assert light.color(f"{look}/fill") in text
        assert light.color(f"{look}/accent") in text


def test_the_same_diff_gives_the_same_bytes_in_every_format(tmp_path):
    shape = (1, 8, 4, 4)
    for suffix in (".svg", ".pdf", ".png", ".html"):
        contents = []
        for k in range(2):
            diff = compared(tower(nn.BatchNorm2d, 3), tower(halves, 4), *shape)
            diff.save(tmp_path / f"{k}{suffix}")
            contents.append((tmp_path / f"{k}{suffix}").read_bytes())
        assert contents[0] == contents[1], suffix


@pytest.mark.parametrize("theme", ["dark", "print", "high-contrast", "basic", "blue", "auto"])
def test_it_is_painted_in_every_theme(tmp_path, theme):
    diff = compared(tower(nn.BatchNorm2d, 3), tower(halves, 4), 1, 8, 4, 4)
    diff.save(tmp_path / "diff.svg", theme=theme, direction="LR")
    assert ET.fromstring((tmp_path / "diff.svg").read_text()).tag.endswith("svg")


def test_the_page_holds_both_architectures(tmp_path):
    before = chain([("kept", shrink(0, 0)), ("lost", nn.Linear(4, 4)), ("end", shrink(1, 0))])
    after = chain([("kept", shrink(0, 0)), ("gained", nn.Conv1d(1, 1, 1)), ("end", shrink(1, 0))])
    compared(before, after, 1, 4).save(tmp_path / "diff.html")
    page = (tmp_path / "diff.html").read_text()
    packed = page.partition('id="data">')[2].partition("<")[0]
    document = json.loads(zlib.decompress(base64.b64decode(packed)))
    assert {"kept", "lost", "gained", "end", "lost (removed)"} <= set(document["texts"])
    assert document["subtitle"].startswith("1 added, 1 removed · ")
    assert {f"{look}/fill" for look in ("added", "removed")} <= set(document["roles"])
    roles = document["themes"]["light"]["roles"]
    assert roles["removed/accent"] == GRAPH_THEMES["light"].color("removed/accent")


HOSTILE = ["</script>", '"><img onerror=x>', "]]>", "a\nb", "\u202eright", "🙂 emoji", "~ ~"]


def test_hostile_names_are_text_in_every_format(tmp_path):
    class Named(nn.Module):
        def __init__(self, names):
            super().__init__()
            for k, name in enumerate(names):
                self.add_module(name, shrink(k, 0))

        def forward(self, x):
            for layer in self.children():
                x = layer(x)
            return x

    diff = compared(Named(HOSTILE), Named(HOSTILE[::2]), 1, 4)
    for suffix in (".svg", ".html", ".pdf", ".png"):
        diff.save(tmp_path / f"diff{suffix}", title="<b>&]]></script>")
    root = ET.fromstring((tmp_path / "diff.svg").read_text())
    assert not [e for e in root.iter() if e.tag.rpartition("}")[2] in {"script", "img", "b"}]
    page = (tmp_path / "diff.html").read_text()
    assert page.count("</script>") == 3


def test_depth_closes_what_lies_deeper_and_says_how_much_changed_there():
    diff = compared(tower(nn.BatchNorm2d), tower(halves), 1, 8, 4, 4)
    (card,) = [box for box in boxes_of(diff, depth=1) if box.sealed_leaves]
    assert (card.mark, card.detail) == ("~", "6 changes inside")


def test_a_notebook_gets_the_picture_and_the_text():
    diff = compared(tower(nn.BatchNorm2d, 3), tower(halves, 3), 1, 8, 4, 4)
    bundle = diff._repr_mimebundle_()
    assert bundle["text/plain"] == repr(diff)
    assert ET.fromstring(bundle["image/svg+xml"]).tag.endswith("svg")
    assert diff._repr_html_() == bundle["image/svg+xml"]


def test_a_diff_without_graphs_says_what_to_do(tmp_path):
    bare = GraphDiff("a", "b", ())
    with pytest.raises(FormatError, match=r"introspect\.diff\(before, after\)"):
        bare.save(tmp_path / "diff.svg")
    assert bare._repr_html_() == ""
    assert bare == GraphDiff("a", "b", (), compared(nn.Tanh(), nn.Tanh(), 1, 2)._graphs)


@pytest.mark.parametrize(
    ("path", "options", "message"),
    [
        ("diff.dot", {}, r"ends in one of \.svg, \.pdf, \.png, \.html"),
        ("diff.svg", {"theem": "dark"}, "theme"),
        ("diff.svg", {"theme": "drak"}, "dark"),
        ("diff.svg", {"direction": "up"}, 'direction="TB"'),
        ("diff.svg", {"depth": 0}, "levels from 1 on"),
        ("diff.svg", {"scale": 2}, "no option"),
        ("diff.html", {"scale": 2}, "no option"),
    ],
)
def test_what_cannot_be_is_said_with_what_can(tmp_path, path, options, message):
    diff = compared(nn.Linear(2, 2), nn.Linear(2, 3), 1, 2)
    with pytest.raises(FormatError, match=message):
        diff.save(tmp_path / path, **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.torchvision
def test_resnet34_is_resnet18_with_eight_blocks_more():
    torchvision = pytest.importorskip("torchvision", reason="compares two of its models")
    models = torchvision.models.resnet18(), torchvision.models.resnet34()
    names = [{name for name, _ in model.named_modules()} for model in models]
    extra = {name for name in names[1] - names[0] if name.count(".") == 1}
    diff = compared(*models, 1, 3, 64, 64)
    added = {b.path for b in boxes_of(diff) if b.mark == "+"}
    assert added == extra
    folded = [box for box in boxes_of(diff, fold=True) if box.mark == "+"]
    assert sum(box.count for box in folded) == len(extra) == 8
    back = introspect.diff(*diff._graphs[::-1])
    assert {b.path for b in boxes_of(back) if b.mark == "−"} == extra
