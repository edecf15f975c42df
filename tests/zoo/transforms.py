"""What torch can wrap around a computation, and functions of functions."""

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from tests.zoo.entry import Sample, entry, sample
from tests.zoo.runs import Runs, linear

# ---------------------------------------------------- what torch wraps around a computation


def checkpointed_body(*, reentrant: bool) -> Sample:
    """A body that is run again in the backward."""
    model = Runs(
        lambda m, x: m.tail(checkpoint(m.body, x, use_reentrant=reentrant)),
        body=nn.Sequential(linear(), nn.Dropout(0.5), nn.ReLU()),
        tail=linear(4, 2),
    )
    return sample(model, torch.randn(2, 4, requires_grad=True))


@entry("transforms", training=True, is_random=True)
def checkpointed() -> Sample:
    """torch.utils.checkpoint, as it is recommended."""
    return checkpointed_body(reentrant=False)


@entry("transforms", training=True, is_random=True)
def checkpointed_reentrant() -> Sample:
    """torch.utils.checkpoint, as it was."""
    return checkpointed_body(reentrant=True)


class Mixed(nn.Module):
    """A frozen body under no_grad, a head under autocast."""

    def __init__(self):
        super().__init__()
        self.frozen, self.head = linear().requires_grad_(False), linear(4, 2)

    def forward(self, x):
        with torch.no_grad():
            x = self.frozen(x)
        with torch.autocast("cpu", torch.bfloat16):
            return self.head(x)


@entry("transforms")
def autocast_and_frozen() -> Sample:
    """autocast inside, no_grad and frozen parts."""
    return sample(Mixed(), torch.randn(2, 4))


class Clamped(torch.autograd.Function):
    """A gradient of its own."""

    @staticmethod
    def forward(ctx, x, low):
        ctx.save_for_backward(x)
        return x.clamp(min=low) * 2

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * (x > 0) * 2, None


class Straight(torch.autograd.Function):
    """Writes into its input and returns it."""

    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.round_()

    @staticmethod
    def backward(ctx, grad):
        del ctx
        return grad


class ProductAndSum(torch.autograd.Function):
    """Two outputs, and a context of the newer style."""

    @staticmethod
    def forward(x, y):
        return x * y, x + y

    @staticmethod
    def setup_context(ctx, inputs, output):
        del output
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, first, second):
        x, y = ctx.saved_tensors
        return first * y + second, first * x + second


AUTOGRAD_FUNCTIONS = {
    "plain": lambda x: Clamped.apply(x, 0.0),
    "in place": lambda x: Straight.apply(x * 3),
    "two outputs": lambda x: ProductAndSum.apply(x, x + 1)[0],
}


def with_autograd_function(kind: str) -> nn.Module:
    """Two layers, and a custom Function between them."""
    call = AUTOGRAD_FUNCTIONS[kind]
    return Runs(lambda m, x: m.tail(call(m.head(x))), head=linear(), tail=linear(4, 2))


@entry("transforms")
def autograd_function() -> Sample:
    """A custom autograd Function."""
    return sample(with_autograd_function("plain"), torch.randn(2, 4))


@entry("transforms")
def autograd_function_in_place() -> Sample:
    """A custom autograd Function that writes into its input."""
    return sample(with_autograd_function("in place"), torch.randn(2, 4))


@entry("transforms")
def autograd_function_two_outputs() -> Sample:
    """A custom autograd Function of the newer style."""
    return sample(with_autograd_function("two outputs"), torch.randn(2, 4))


@entry("transforms", is_opaque=True, fake="other")
def lazy() -> Sample:
    """Lazy modules, which learn their sizes in the first forward."""
    layers = [nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(2)]
    return sample(nn.Sequential(*layers), torch.randn(1, 3, 8, 8))


class Symmetric(nn.Module):
    """A parametrisation that people write."""

    def forward(self, weight):
        return weight.triu() + weight.triu(1).transpose(-1, -2)


def parametrised(kind: str) -> nn.Module:
    """A layer whose weight is computed."""
    if kind == "symmetric":
        layer = linear()
        nn.utils.parametrize.register_parametrization(layer, "weight", Symmetric())
    else:
        layer = getattr(nn.utils.parametrizations, kind)(linear())
    return Runs(lambda m, x: m.a(x), a=layer)


@entry("transforms")
def weight_norm() -> Sample:
    """A weight as length and direction."""
    return sample(parametrised("weight_norm"), torch.randn(2, 4))


@entry("transforms", training=True)
def spectral_norm() -> Sample:
    """A weight divided by its norm, estimated in buffers."""
    return sample(parametrised("spectral_norm"), torch.randn(2, 4))


@entry("transforms")
def orthogonal() -> Sample:
    """A weight that stays orthogonal."""
    return sample(parametrised("orthogonal"), torch.randn(2, 4))


@entry("transforms")
def own_parametrisation() -> Sample:
    """A weight made symmetric by the user's own module."""
    return sample(parametrised("symmetric"), torch.randn(2, 4))


# ------------------------------------------------------------------ functions of functions


@entry("transforms")
def vmap() -> Sample:
    """A layer mapped over an axis."""
    return sample(Runs(lambda m, x: torch.vmap(m.a)(x), a=linear(4, 2)), torch.randn(3, 5, 4))


@entry("transforms")
def ensemble() -> Sample:
    """Three models stacked and run as one: stack_module_state, functional_call, vmap."""

    def run(m, x):
        parameters, buffers = torch.func.stack_module_state(list(m.members))

        def one(parameters, buffers):
            return torch.func.functional_call(m.members[0], (parameters, buffers), (x,))

        return torch.vmap(one)(parameters, buffers).mean(0)

    members = nn.ModuleList(linear(4, 2) for _ in range(3))
    return sample(Runs(run, members=members), torch.randn(5, 4))


@entry("transforms")
def func_grad() -> Sample:
    """torch.func.grad inside of the forward."""

    def run(m, x):
        return x - torch.func.grad(lambda y: (m.a(y) ** 2).sum())(x)

    return sample(Runs(run, a=linear(4, 2)), torch.randn(3, 4))


@entry("transforms")
def functional_call() -> Sample:
    """A layer called with other weights."""

    def run(m, x, scale):
        weights = {name: p * scale for name, p in m.a.named_parameters()}
        return torch.func.functional_call(m.a, weights, (x,))

    return sample(Runs(run, a=linear(4, 2)), torch.randn(3, 4), torch.tensor(2.0))


@entry("transforms")
def autograd_inside() -> Sample:
    """A force as the gradient of an energy, inside of the forward."""

    def run(m, x):
        with torch.enable_grad():
            y = x.detach().requires_grad_(requires_grad=True)
            energy = m.a(y).pow(2).sum()
            (force,) = torch.autograd.grad(energy, y)
        return x - force

    return sample(Runs(run, a=linear(4, 2)), torch.randn(3, 4))


@entry("transforms")
def custom_operator() -> Sample:
    """An operator of torch.library."""
    model = Runs(lambda m, x: m.b(twice(m.a(x))), a=linear(), b=linear(4, 2))
    return sample(model, torch.randn(1, 4))


@torch.library.custom_op("introspect_zoo::twice", mutates_args=())
def twice(x: torch.Tensor) -> torch.Tensor:
    """An operator that torch knows nothing else about."""
    return x * 2


@twice.register_fake
def _(x):
    return torch.empty_like(x)
