"""What a forward changes is put back, parameters too; and what an error says when it fails."""

import threading
import time
import warnings

import pytest
import torch
from torch import nn

import introspect
from introspect.errors import IntrospectWarning, TraceError
from introspect.graph.capture.restore import Keeper


class Changes(nn.Module):
    """A linear layer whose forward first does something to its parameters."""

    def __init__(self, change):
        super().__init__()
        torch.manual_seed(0)
        self.weight = nn.Parameter(torch.randn(4, 4))
        self.u = nn.Parameter(torch.randn(4))
        self.table = nn.Embedding(5, 4, max_norm=0.1)
        self.bag = nn.EmbeddingBag(5, 4, max_norm=0.1)
        nn.init.normal_(self.table.weight)
        self.change = change

    def forward(self, x):
        with torch.no_grad():
            extra = self.change(self, x)
        y = x @ self.weight + self.u
        return y if extra is None else y + extra.sum()


def clamp(self, _x):
    self.weight.clamp_(-0.1, 0.1)


def power_iteration(self, _x):
    self.u.copy_(nn.functional.normalize(self.weight @ self.u, dim=0))


def power_iteration_out(self, _x):
    nn.functional.normalize(self.weight @ self.u, dim=0, out=self.u)


def renormalised_embedding(self, x):
    return self.table(x.long())


def renormalised_bag(self, x):
    return self.bag(x.long())


def add_to_data(self, _x):
    self.weight.data.add_(1)


def replace_data(self, _x):
    self.weight.data = torch.zeros(4, 4)


def replace_data_and_write(self, _x):
    self.weight.mul_(2)
    self.weight.data = torch.zeros(4, 4)
    self.weight.add_(1)


def write_a_view(self, _x):
    self.weight.view(-1)[3:].mul_(2)


def write_detached(self, _x):
    self.weight.detach().zero_()


def write_many(self, _x):
    torch._foreach_add_([self.weight, self.u], 1.0)


def set_an_item(self, _x):
    self.u[1] = 5


def augmented(self, _x):
    self.weight += 1


def write_out(self, _x):
    torch.add(self.weight, 1, out=self.weight)


def initialise(self, _x):
    nn.init.zeros_(self.weight)


def activate_in_place(self, _x):
    nn.functional.relu(self.weight, inplace=True)


def assign_vector(self, _x):
    nn.utils.vector_to_parameters(torch.zeros(20), [self.weight, self.u])


CHANGES = [
    *(clamp, power_iteration, power_iteration_out, renormalised_embedding, renormalised_bag),
    *(add_to_data, replace_data, replace_data_and_write, write_a_view, write_detached, write_many),
    *(set_an_item, augmented, write_out, initialise, activate_in_place, assign_vector),
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("level", ["function", "aten"])
def test_parameters_that_a_forward_writes_are_put_back(everything_left, change, level):
    model, x = Changes(change), torch.ones(2, 4)
    before = everything_left(model, x)
    memory = [parameter.data_ptr() for parameter in model.parameters()]
    graph = introspect.Tracer(level=level).trace(model, x)
    assert everything_left(model, x) == before
    assert [parameter.data_ptr() for parameter in model.parameters()] == memory
    assert graph.ops
    want = {name: parameter.clone() for name, parameter in model.named_parameters()}
    model(x)  # the change is a change: the model itself does it
    now = dict(model.named_parameters())
    assert any(not torch.equal(now[name], was) for name, was in want.items())


def test_they_are_put_back_when_the_forward_fails(everything_left):
    def fail(self, _x):
        self.weight.zero_()
        raise ValueError("no")

    model, x = Changes(fail), torch.ones(2, 4)
    before = everything_left(model, x)
    with pytest.raises(TraceError, match="ValueError: no"):
        introspect.trace(model, x)
    assert everything_left(model, x) == before


def test_what_was_not_written_is_neither_copied_nor_touched():
    model, x = Changes(lambda *_: None), torch.ones(2, 4)
    versions = [parameter._version for parameter in model.parameters()]
    introspect.trace(model, x)
    assert [parameter._version for parameter in model.parameters()] == versions


def test_only_what_may_be_written_is_copied(monkeypatch):
    kept = []
    put_back = Keeper.put_back

    def noting(self):
        kept.append(len(self._copies))
        put_back(self)

    monkeypatch.setattr(Keeper, "put_back", noting)
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(inplace=True), nn.Dropout(0.5, inplace=True)
    )
    introspect.trace(net.train(), torch.zeros(2, 1, 5, 5))
    introspect.trace(nn.TransformerEncoderLayer(4, 2, 8), torch.zeros(3, 1, 4))
    introspect.trace(nn.Embedding(4, 4), torch.zeros(3, dtype=torch.long))
    introspect.trace(Changes(clamp), torch.ones(2, 4))
    introspect.trace(Changes(renormalised_embedding), torch.ones(2, 4))
    assert kept == [0, 0, 0, 1, 1]


class WritesBuffers(nn.Module):
    """Buffers of several types, sizes and contents; `change` is done to them in the forward."""

    def __init__(self, change):
        super().__init__()
        self.change = change
        special = torch.tensor([float("nan"), 0.0, -0.0, float("inf")])
        self.register_buffer("special", special)
        self.register_buffer("halves", special.to(torch.bfloat16))
        self.register_buffer("count", torch.tensor(3))
        self.register_buffer("mask", torch.tensor([[True, False], [False, True]]).t())
        self.register_buffer("large", torch.arange(70_000.0))
        self.register_buffer("wave", torch.ones(3, dtype=torch.cfloat))
        self.register_buffer("nothing", torch.empty(0))

    def forward(self, x):
        self.change(self, x)
        return x + 1


def flip_zero(m, _x):
    m.special[1] = -0.0


def write_all(m, x):
    for buffer in m.buffers():
        buffer.zero_()
    x.mul_(2)


def write_past_the_counter(m, _x):
    m.special.data.fill_(7)
    m.count.data.add_(1)


def grow(m, _x):
    m.count.data = torch.arange(5)


def give_other_memory(m, x):
    m.special.data = x[0]
    m.special.add_(1)


def change_nothing(_m, _x):
    """The numbers are compared, NaN and all, and nothing is written."""


@pytest.mark.parametrize(
    "change",
    [flip_zero, write_all, write_past_the_counter, grow, give_other_memory, change_nothing],
)
def test_buffers_and_inputs_come_back_to_the_bit(everything_left, change):
    model, x = WritesBuffers(change), torch.randn(2, 4)
    before = everything_left(model, x)
    versions = [buffer._version for buffer in (*model.buffers(), x)]
    introspect.trace(model, x)
    assert everything_left(model, x) == before
    if change is change_nothing:  # not even with the numbers that they have
        assert [buffer._version for buffer in (*model.buffers(), x)] == versions


def test_saved_tensors_of_an_earlier_backward_stay_valid():
    model, x = Changes(lambda *_: None), torch.ones(2, 4)
    loss = model(x).sum()
    introspect.trace(model, x)
    loss.backward()
    assert model.weight.grad is not None


def test_a_write_that_nobody_can_see_coming_is_said():
    def past_everything(self, _x):
        self.weight.set_(torch.zeros(4, 4))  # torch does not dispatch it to function modes

    with pytest.warns(IntrospectWarning, match="the model wrote weight where introspect could not"):
        introspect.trace(Changes(past_everything), torch.ones(2, 4))


def test_nested_traces_each_put_back_their_own(everything_left):
    inner = Changes(clamp)

    def trace_inside(self, x):
        introspect.trace(inner, x)
        self.weight.mul_(2)

    outer, x = Changes(trace_inside), torch.ones(2, 4)
    before = everything_left(outer, x), everything_left(inner, x)
    introspect.trace(outer, x)
    assert (everything_left(outer, x), everything_left(inner, x)) == before


def test_threads_that_trace_at_once_leave_compiling_on():
    import torch._dynamo as dynamo

    meet = threading.Barrier(3)

    def waits(_self, _x):
        meet.wait(timeout=20)

    def trace(delay_s):
        introspect.trace(Changes(waits), torch.ones(2, 4))
        time.sleep(delay_s)
        introspect.trace(Changes(lambda *_: time.sleep(delay_s)), torch.ones(2, 4))

    threads = [threading.Thread(target=trace, args=(delay,)) for delay in (0.0, 0.02, 0.05)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    dynamo.reset()
    seen = []

    def backend(graph, _inputs):
        seen.append(graph)
        return graph.forward

    torch.compile(nn.Linear(4, 4), backend=backend)(torch.ones(2, 4))
    dynamo.reset()
    assert len(seen) == 1


# ------------------------------------------------------------------------------ what is said


class Raises(nn.Module):
    def __init__(self, message, error=RuntimeError):
        super().__init__()
        self.line = nn.Linear(4, 4)
        self.message, self.error = message, error

    def forward(self, x):
        x = self.line(x)
        raise self.error(self.message)


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ("Expected all tensors to be on the same device, but found", r"x\.to\(next\(.*device\)"),
        (
            (
                "Input type (torch.cuda.FloatTensor) and weight type (torch.FloatTensor) "
                "should be the same"
            ),
            r"x\.to\(next\(.*device\)",
        ),
        ("mat1 and mat2 must have the same dtype, but got Double and Float", r"\.dtype\)"),
        ("Input type (double) and bias type (float) should be the same", r"\.dtype\)"),
    ],
)
def test_torchs_words_lead_to_a_hint(message, hint):
    with pytest.raises(TraceError, match=hint) as caught:
        introspect.trace(Raises(message), torch.zeros(1, 4))
    assert message in str(caught.value)
    assert [op.name for op in caught.value.graph.ops] == ["linear"]


def test_numbers_of_another_dtype_get_their_hint():
    with pytest.raises(TraceError, match=r"in linear[\s\S]*float64 \(1, 4\)[\s\S]*\.dtype\)"):
        introspect.trace(nn.Linear(4, 4), torch.zeros(1, 4, dtype=torch.float64))


@pytest.mark.parametrize(
    "given", [((1, 4),), (torch.Size([1, 4]),), ("text",), (), (torch.zeros(1, 5),)]
)
def test_every_failure_has_a_partial_graph(given):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TraceError) as caught:
            introspect.trace(nn.Sequential(nn.Linear(4, 4)), *given)
    assert caught.value.graph.parameters == 20
    assert caught.value.graph.outputs == ()


def test_a_model_without_tensors_in_its_result_has_a_partial_graph():
    class Says(Raises):
        def forward(self, x):
            self.line(x)
            return "done"

    with pytest.raises(TraceError, match="returned no tensor") as caught:
        introspect.trace(Says(""), torch.zeros(1, 4))
    assert [op.name for op in caught.value.graph.ops] == ["linear"]
