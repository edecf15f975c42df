"""The living architecture, looked at without a browser: what is joined, merged and coloured."""

import re
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import introspect
from introspect.errors import FormatError, HistoryError
from introspect.graph.life import page
from introspect.graph.life.members import members_of
from introspect.graph.life.names import Names, plain
from introspect.graph.life.pack import pack
from introspect.graph.life.statistics import STATISTICS, known_statistics
from introspect.graph.life.watched import Course, Watched, read_watched
from introspect.graph.outline import open_outline
from introspect.nouns.sketch import Sketch
from introspect.theme import GRAPH_THEMES


class Block(nn.Module):
    """Two layers and a norm around a skip."""

    def __init__(self, width):
        super().__init__()
        self.first = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.second = nn.Linear(width, width)

    def forward(self, x):
        return x + self.second(torch.relu(self.first(self.norm(x))))


class Nested(nn.Module):
    """Stages of equal blocks, a parameter of its own, one that nothing reads, tied weights."""

    def __init__(self, stages=2, blocks=3, width=8):
        super().__init__()
        self.stem = nn.Linear(5, width)
        self.token = nn.Parameter(torch.ones(width))
        self.unused = nn.Parameter(torch.ones(2))
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(width) for _ in range(blocks))) for _ in range(stages)
        )
        self.shared = nn.Linear(width, width)
        self.head = nn.Linear(width, width)
        self.head.weight = self.shared.weight

    def forward(self, x):
        x = self.stem(x) + self.token
        for stage in self.stages:
            x = stage(x)
        for _ in range(3):
            x = torch.tanh(self.shared(x))
        return self.head(x)


def trained(model, given, *, records=3, log=("weights", "gradients", "updates", "activations")):
    """A history that a watch wrote."""
    history = introspect.History()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with introspect.watch(model, optimizer, history=history, every=1, log=log):
        for step in range(records):
            optimizer.zero_grad()
            model(given).square().mean().backward()
            optimizer.step()
            history.log((step // 2, step % 2), loss=1.0)
    return history


@cache
def nested():
    torch.manual_seed(0)
    model, given = Nested(), torch.randn(4, 5)
    history = trained(model, given)
    return introspect.trace(model, given), history, model


def joined(box, held):
    """Names of all parameters in a box, however deep."""
    own = {name for names in held[box].parameters for name in names} if box in held else set()
    return own.union(*(joined(child, held) for child in box.children))


# ---- names


@pytest.mark.parametrize(
    "name",
    ["fc.weight", "module.fc.weight", "_orig_mod.fc.weight", "module._orig_mod.fc.weight"],
)
def test_wrappers_are_taken_off_names(name):
    assert Names([("fc.weight", "fc.weight")]).find(name) == "fc.weight"
    assert Names([(name, name)]).find("fc.weight") == name


def test_a_module_that_people_call_module_keeps_its_name():
    names = Names([("module.weight", "module.weight"), ("weight", "weight")])
    assert names.find("module.weight") == "module.weight"
    assert names.find("weight") == "weight"
    assert names.find("_orig_mod.weight") is None  # two would fit


@given(st.lists(st.sampled_from(["a", "b", "module", "_orig_mod"]), min_size=1, max_size=6))
def test_plain_names_stay_plain(parts):
    once = plain(".".join(parts))
    assert plain(once) == once
    assert "_orig_mod" not in once.split(".")


def test_keys_of_a_wrapped_model_find_the_graph_of_the_plain_one():
    graph, history, _ = nested()
    wrapped = introspect.History()
    for key in history:
        kind, slash, name = key.partition("/")
        for step, value in history[key]:
            wrapped.log(step, **{f"{kind}/module._orig_mod.{name}" if slash else key: value})
    found, there = read_watched(graph, wrapped), read_watched(graph, history)
    assert [(c.kind, c.name) for c in found.courses] == [(c.kind, c.name) for c in there.courses]
    assert not found.strangers


# ---- what a history must have


def test_a_history_without_sketches_says_how_to_get_some():
    graph, *_ = nested()
    history = introspect.History()
    history.log(0, loss=0.5)
    with pytest.raises(HistoryError, match=r"(?s)no sketches.*'loss'.*introspect\.watch"):
        read_watched(graph, history)


def test_a_history_of_another_model_names_what_each_has():
    graph, *_ = nested()
    history = introspect.History()
    history.log(0, **{"weights/encoder.weight": Sketch.of([1.0])})
    with pytest.raises(HistoryError, match=r"(?s)no key.*encoder\.weight.*stem\.weight"):
        graph.with_history(history)


@pytest.mark.parametrize("source", [3, {"loss": 1}, None, [1, 2]])
def test_what_is_no_history_is_said_to_be_none(source):
    graph, *_ = nested()
    with pytest.raises(HistoryError, match="this is no history"):
        read_watched(graph, source)


def test_a_folder_and_a_watch_are_as_good_as_their_history(tmp_path):
    model = nn.Linear(3, 2)
    graph = introspect.trace(model, torch.zeros(1, 3))
    with introspect.History(tmp_path / "run") as history:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        with introspect.watch(model, optimizer, history=history, every=1) as watch:
            model(torch.ones(1, 3)).sum().backward()
            optimizer.step()
        from_watch = read_watched(graph, watch)
    from_folder = read_watched(graph, tmp_path / "run")
    assert from_folder.records == from_watch.records
    assert [c.name for c in from_folder.courses] == [c.name for c in from_watch.courses]


def test_keys_that_belong_to_nothing_are_told_apart():
    graph, history, _ = nested()
    watched = read_watched(graph, history)
    assert watched.strangers == ()
    history = introspect.History()
    history.log(0, **{"weights/stem.weight": Sketch.of([1.0]), "weights/gone": Sketch.of([1.0])})
    assert read_watched(graph, history).strangers == ("weights/gone",)


def test_a_step_that_was_not_recorded_names_the_nearest():
    graph, history, _ = nested()
    watched = read_watched(graph, history)
    assert watched.record(None) == len(watched.records) - 1
    assert watched.records[watched.record(0)] == (0, 1)  # an epoch alone: its last record
    with pytest.raises(HistoryError, match=r"(?s)step=\(7, 7\).*nearest are \(1, "):
        watched.record((7, 7))


# ---- which box holds what


@pytest.mark.parametrize("fold", [True, False])
def test_every_parameter_is_in_a_box_or_told_to_be_loose(fold):
    graph, _, model = nested()
    drawn = open_outline(graph, fold=fold)
    members = members_of(graph, drawn)
    assert joined(drawn.root, members.held) | set(members.loose) == {
        name for name, _ in model.named_parameters()
    }
    assert members.loose == ("unused",)


def test_a_folded_leaf_stands_for_the_same_layer_of_every_block():
    graph, *_ = nested()
    drawn = open_outline(graph)
    held = members_of(graph, drawn).held
    (box,) = [b for b in drawn.root.leaves() if b.path.endswith("stages.0.0.second")]
    found = [set(names) for names in held[box].parameters]
    assert found == [
        {f"stages.{stage}.{block}.second.{word}" for word in ("weight", "bias")}
        for stage in range(2)
        for block in range(3)
    ]
    assert held[box].times == 6


def test_folding_changes_no_group_that_both_pictures_show():
    graph, *_ = nested()
    shared = {}
    for fold in (True, False):
        drawn = open_outline(graph, fold=fold)
        held = members_of(graph, drawn).held
        for box in (*drawn.root.groups(), *drawn.root.leaves()):
            if box.count == 1 and box.kind != "op" and not box.repeat and "stages" not in box.path:
                shared.setdefault((box.kind, box.path), []).append(joined(box, held))
    both = [pair for pair in shared.values() if len(pair) == 2]
    assert len(both) > 3
    assert all(one == two for one, two in both)


def test_the_turns_of_a_loop_are_one_layer():
    graph, *_ = nested()
    drawn = open_outline(graph)
    held = members_of(graph, drawn).held
    boxes = [b for b in drawn.root.leaves() if b.path == "shared"]
    assert boxes
    for box in boxes:
        assert [set(names) for names in held[box].parameters] == [{"shared.weight", "shared.bias"}]


def test_tied_weights_are_in_both_boxes_under_one_name():
    graph, *_ = nested()
    drawn = open_outline(graph)
    held = members_of(graph, drawn).held
    names = {b.path: joined(b, held) for b in drawn.root.leaves() if b.kind == "leaf"}
    assert "shared.weight" in names["head"]
    assert "shared.weight" in names["shared"]


def test_a_token_that_is_read_through_a_view_is_in_the_box_that_reads_it():
    class Tokens(nn.Module):
        def __init__(self):
            super().__init__()
            self.token = nn.Parameter(torch.ones(1, 1, 4))
            self.embed, self.head = nn.Linear(4, 4), nn.Linear(4, 2)

        def forward(self, x):
            x = self.embed(x)
            return self.head(torch.cat([self.token.expand(len(x), -1, -1), x], dim=1))

    graph = introspect.trace(Tokens(), torch.zeros(2, 3, 4))
    drawn = open_outline(graph)
    members = members_of(graph, drawn)
    (concat,) = [box for box in drawn.root.leaves() if box.module == "concat"]
    assert "token" in joined(concat, members.held)
    assert members.loose == ()


def test_a_module_tree_holds_its_parameters_without_a_run():
    model = Nested()
    graph = introspect.Tracer(level="module").trace(model)
    drawn = open_outline(graph)
    members = members_of(graph, drawn)
    names = {name for name, _ in model.named_parameters()}
    assert joined(drawn.root, members.held) | set(members.loose) == names


# ---- numbers of many tensors as one

floats = st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=20)


def course(kind, name, values, **numbers):
    columns = {key: np.array([value]) for key, value in numbers.items()}
    return Course(kind, name, (Sketch.of(np.array(values, np.float32)),), columns)


@settings(deadline=None)
@given(st.lists(floats, min_size=1, max_size=4))
def test_the_norm_of_many_is_that_of_all_values_together(tensors):
    courses = [course("gradients", str(k), values) for k, values in enumerate(tensors)]
    whole = np.linalg.norm(np.concatenate(tensors))
    assert STATISTICS["gradient_norm"].of(courses, 0) == pytest.approx(whole, rel=1e-6, abs=1e-12)
    zeros = [course("weights", str(k), values) for k, values in enumerate(tensors)]
    share = np.mean(np.abs(np.concatenate(tensors)) < 2.0**-129)
    assert STATISTICS["zeros"].of(zeros, 0) == pytest.approx(share)


@settings(deadline=None)
@given(st.lists(st.tuples(floats, st.floats(0.125, 8, width=32)), min_size=1, max_size=4))
def test_the_update_ratio_of_many_is_that_of_all_weights_together(pairs):
    courses, moved, base = [], 0.0, 0.0
    for k, (weights, share) in enumerate(pairs):
        change = np.array(weights) * share
        size, norm = np.linalg.norm(change), np.linalg.norm(weights)
        ratio = size / norm if norm else float("nan")
        courses.append(course("updates", str(k), change, norm=size, ratio=ratio))
        courses.append(course("weights", str(k), weights, norm=norm))
        moved, base = moved + size**2, base + norm**2
    value = STATISTICS["update_ratio"].of(courses, 0)
    if base == 0:
        assert value is None
    else:
        assert value == pytest.approx(np.sqrt(moved / base), rel=1e-6)


def test_shares_are_weighed_by_what_they_are_shares_of():
    wide = Course("activations", "a", (Sketch.of([1.0]),), {"dead": np.array([0.5])}, channels=30)
    slim = Course("activations", "b", (Sketch.of([1.0]),), {"dead": np.array([0.0])}, channels=10)
    assert STATISTICS["dead"].of([wide, slim], 0) == pytest.approx(15 / 40)
    many = course("activations", "c", [0.1] * 9, saturated=0.0)
    few = course("activations", "d", [1.0], saturated=1.0)
    assert STATISTICS["saturated"].of([many, few], 0) == pytest.approx(0.1)


def test_values_that_are_not_finite_are_counted():
    bad = course("gradients", "a", [np.nan, np.inf, 1.0])
    assert STATISTICS["nan"].of([bad, course("weights", "a", [1.0])], 0) == 2.0
    assert STATISTICS["gradient_norm"].of([bad], 0) == pytest.approx(1.0)


def test_what_was_not_recorded_has_no_number():
    empty = Course("weights", "a", (None,))
    for one in STATISTICS.values():
        assert one.of([empty], 0) is None
    assert known_statistics(Watched((0,), (empty,), 1)) == []


def test_the_numbers_are_those_of_the_model_that_was_trained():
    graph, history, _ = nested()
    watched = read_watched(graph, history)
    record = 1
    step = watched.records[record]
    ours = [c for c in watched.courses if c.name.startswith("stages.0.0.")]
    norms = [history[f"gradients/{c.name}/norm"].at(step) for c in ours if c.kind == "gradients"]
    assert STATISTICS["gradient_norm"].of(ours, record) == pytest.approx(np.linalg.norm(norms))


# ---- what a page is told


def test_records_that_are_left_out_and_lost_parameters_are_told(monkeypatch):
    graph, history, _ = nested()
    drawn = open_outline(graph)
    whole = page.life_of(graph, drawn, history).document
    assert whole["told"] == ["1 parameter in no box: unused"]
    assert whole["recorded"] == len(whole["records"]) == 3
    monkeypatch.setattr(page, "pack", lambda watched: pack(watched, budget_bytes=100))
    few = page.life_of(graph, drawn, history)
    assert few.document["told"][0] == "2 of 3 records, evenly spaced in time"
    assert few.document["records"] == [whole["records"][0], whole["records"][-1]]


def test_a_page_may_start_without_colours_of_the_training():
    graph, history, _ = nested()
    drawn = open_outline(graph)
    assert page.life_of(graph, drawn, history, color="").color == ""
    assert page.life_of(graph, drawn, history).color == "update_ratio"


# ---- still pictures


def fills(svg, name):
    """The fill of the card that holds a word, and of the swatches of the legend."""
    before = svg[: svg.index(f">{name}<")]
    return re.findall(r'<(?:rect|path)[^>]*fill="(#[0-9A-Fa-f]{6})"', before)[-1]


@cache
def small():
    torch.manual_seed(1)
    model = nn.Sequential()
    for name, layer in {
        "one": nn.Linear(6, 6),
        "two": nn.Linear(6, 6),
        "out": nn.Linear(6, 3),
    }.items():
        model.add_module(name, layer)
    given = torch.randn(8, 6)
    history = trained(model, given, records=4)
    return introspect.trace(model, given), history


def test_boxes_of_a_still_picture_have_the_colours_of_their_numbers(tmp_path):
    graph, history = small()
    step = (0, 1)
    path = tmp_path / "model.svg"
    graph.save(path, history=history, step=step, color="gradient_norm", fold=False)
    svg = path.read_text()
    every = {}
    for name in ("one", "two", "out"):
        weight, bias = (history[f"gradients/{name}.{word}/norm"] for word in ("weight", "bias"))
        every[name] = np.hypot(weight.data, bias.data)
    spread = np.sort(np.concatenate(list(every.values())))
    low, high = spread[0], spread[-1]  # fewer than fifty: none beyond the ends
    at = list(history["gradients/one.weight/norm"].step_keys()).index(step)
    for name, values in every.items():
        share = 0.08 + 0.92 * np.log(values[at] / low) / np.log(high / low)
        wanted = GRAPH_THEMES["light"].color(f"heat/{round(100 * share):03d}")
        assert fills(svg, name).lower() == wanted.lower(), name
    assert "gradient norm ‖g‖ · epoch 0, step 1" in svg


def test_numbers_stand_on_the_boxes_of_a_still_picture(tmp_path):
    graph, history = small()
    graph.save(
        tmp_path / "model.svg", history=history, step=(0, 1), color="weight_norm", fold=False
    )
    norms = [history[f"weights/two.{word}/norm"].at((0, 1)) for word in ("weight", "bias")]
    assert f">{np.hypot(*norms):.3g}<" in (tmp_path / "model.svg").read_text()


def test_the_last_record_with_anything_to_say_is_the_default(tmp_path):
    graph, history = small()
    graph.save(tmp_path / "model.svg", history=history)
    last = list(history["updates/one.weight"].step_keys())[-1]
    assert f"epoch {last[0]}, step {last[1]}" in (tmp_path / "model.svg").read_text()


@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".pdf", b"%PDF")])
def test_png_and_pdf_are_coloured_too(tmp_path, suffix, magic):
    graph, history = small()
    plain_path, path = tmp_path / f"plain{suffix}", tmp_path / f"model{suffix}"
    graph.save(plain_path)
    graph.save(path, history=history)
    assert path.read_bytes().startswith(magic)
    assert path.read_bytes() != plain_path.read_bytes()


def test_collapsed_and_folded_boxes_of_a_still_picture_have_the_sum_of_theirs(tmp_path):
    graph, history, model = nested()
    graph.save(tmp_path / "m.svg", history=history, color="weight_norm", depth=1, step=(0, 1))
    norms = [
        history[f"weights/{name}/norm"].at((0, 1))
        for name, _ in model.named_parameters()
        if name.startswith("stages")
    ]
    assert f"{np.linalg.norm(norms):.3g}" in (tmp_path / "m.svg").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"color": "beauty"}, r"does not know.*'beauty'.*update_ratio"),
        ({"color": "saturated"}, r"does not say.*'saturated'.*color=\"update_ratio\""),
        ({"color": "nan", "color_by": "flops"}, r"one colour.*'nan'.*'flops'"),
        ({"step": (9, 9)}, r"nothing was recorded.*\(9, 9\)"),
        ({"step": 9}, r"nothing was recorded.*step=9.*nearest are \(1, "),
        ({"color": ["nan"]}, r"does not know.*\['nan'\]"),
    ],
)
@pytest.mark.parametrize("suffix", [".svg", ".html"])
def test_options_of_a_training_that_cannot_be_are_refused(tmp_path, suffix, options, message):
    graph, history = small()
    with pytest.raises((FormatError, HistoryError), match=f"(?s){message}"):
        graph.save(tmp_path / f"model{suffix}", history=history, **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".svg", ".html"])
@pytest.mark.parametrize("options", [{"step": 3}, {"color": "nan"}])
def test_options_of_a_training_need_a_history(tmp_path, suffix, options):
    graph, _ = small()
    with pytest.raises(FormatError, match=r"(?s)there is no history.*history=history"):
        graph.save(tmp_path / f"model{suffix}", **options)


@pytest.mark.parametrize("suffix", [".dot", ".mmd", ".json", ".model-explorer.json"])
def test_other_formats_say_where_a_training_can_go(tmp_path, suffix):
    graph, history = small()
    with pytest.raises(FormatError, match=r"(?s)cannot show a training.*model\.html.*\.svg"):
        graph.save(tmp_path / f"model{suffix}", history=history)
