"""The tutorial's hiddenlayer code, with one import changed."""

import warnings
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import accuracy_score
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import introspect.compat.hiddenlayer as hl
from introspect.compat import ignored
from introspect.errors import FormatError, IntrospectWarning, TraceError

SVG = "{http://www.w3.org/2000/svg}"


def test_the_tutorials_graph_is_drawn_and_saved(convnet, tmp_path):
    hl_graph = hl.build_graph(convnet, torch.zeros([1, 1, 28, 28]))
    hl_graph.theme = hl.graph.THEMES["blue"].copy()
    hl_graph.save(str(tmp_path / "chap4" / "MyConvnet_hl.png"), format="png")
    picture = Image.open(tmp_path / "chap4" / "MyConvnet_hl.png").convert("RGB")
    assert picture.width > picture.height  # it flows to the right
    assert (0xBC, 0xD6, 0xFC) in set(picture.get_flattened_data())
    fills = {rect.get("fill") for rect in ET.fromstring(hl_graph._repr_svg_()).iter(f"{SVG}rect")}
    assert fills <= {"#BCD6FC", "#FFFFFF", "#7C96BC", "#202020", "none"}


@pytest.mark.parametrize(
    ("path", "options", "written"),
    [
        ("a.png", {"format": "png"}, "a.png"),
        ("a", {}, "a.pdf"),
        ("a.pdf", {}, "a.pdf"),
        ("a.b", {"format": "svg"}, "a.b.svg"),
    ],
)
def test_the_suffix_is_added_as_graphviz_adds_it(convnet, tmp_path, path, options, written):
    hl.build_graph(convnet, torch.zeros([1, 1, 28, 28])).save(tmp_path / path, **options)
    assert [file.name for file in tmp_path.iterdir()] == [written]


def test_the_tutorials_training_loop_runs(convnet, tmp_path):
    images = torch.rand(96, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(96) % 10
    train_loader = DataLoader(TensorDataset(images, labels), batch_size=16)
    convnet.train()
    optimizer = torch.optim.Adam(convnet.parameters(), lr=0.0003)
    loss_func = nn.CrossEntropyLoss()
    history1 = hl.History()
    canvas1 = hl.Canvas()
    print_step = 2
    losses = []
    for epoch in range(2):
        for step, (b_x, b_y) in enumerate(train_loader):
            output = convnet(b_x)
            loss = loss_func(output, b_y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if step % print_step == 0:
                output = convnet(images)
                _, pre_lab = torch.max(output, 1)
                acc = accuracy_score(labels, pre_lab)
                losses.append(loss.item())
                history1.log(
                    (epoch, step),
                    train_loss=loss,
                    test_acc=acc,
                    hidden_weight=convnet.fc[2].weight,
                )
                with canvas1:
                    canvas1.draw_plot(history1["train_loss"])
                    canvas1.draw_plot(history1["test_acc"])
                    canvas1.draw_image(history1["hidden_weight"])
    assert history1.step == (1, 4)
    assert history1.metrics == {"train_loss", "test_acc", "hidden_weight"}
    assert history1.formatted_steps == ["0:0", "0:2", "0:4", "1:0", "1:2", "1:4"]
    assert history1["train_loss"].data.tolist() == losses
    # the weights of each step were kept, not the tensor that went on changing
    assert not np.array_equal(history1["hidden_weight"].data[0], history1["hidden_weight"].data[-1])
    canvas1.save(tmp_path / "training.png")
    with Image.open(tmp_path / "training.png") as picture:
        assert picture.width > 500


def test_models_with_several_inputs_take_a_tuple():
    graph = hl.build_graph(nn.Bilinear(2, 3, 4), (torch.zeros(1, 2), torch.zeros(1, 3)))
    assert len(graph.traced.inputs) == 2


def test_what_cannot_be_honoured_warns_once_by_name(convnet):
    x = torch.zeros([1, 1, 28, 28])
    ignored.forget()
    with pytest.warns(IntrospectWarning, match="does not heed: input_names"):
        hl.build_graph(convnet, x, input_names=["x"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hl.build_graph(convnet, x, input_names=["x"])


def test_mistakes_say_what_to_do(convnet, tmp_path):
    with pytest.raises(TraceError, match="needs a model and its input"):
        hl.build_graph(convnet)
    graph = hl.build_graph(convnet, torch.zeros([1, 1, 28, 28]))
    with pytest.raises(FormatError, match=r"\.svg, \.pdf, \.png"):
        graph.save(tmp_path / "a.xyz", format="xyz")
    graph.theme = {"fill_color": "no colour"}
    with pytest.raises(FormatError, match="fill_color='no colour'"):
        graph._repr_svg_()


def test_mixed_steps_sort():
    history = hl.History()
    history.log(3, loss=1.0)
    history.log((1, 0), loss=0.5)
    assert history.steps == [(0, 3), (1, 0)]


def test_bfloat16_is_logged():
    history = hl.History()
    history.log(0, weight=torch.ones(2, 2, dtype=torch.bfloat16), loss=torch.tensor(1.5).bfloat16())
    assert history["loss"].data.tolist() == [1.5]
    assert history["weight"].data[0].tolist() == [[1, 1], [1, 1]]
