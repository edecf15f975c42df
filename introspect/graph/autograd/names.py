"""Name of a torch function -> names of the autograd functions that it may leave behind.

Most are spelled alike (``relu_`` leaves ``ReluBackward0``): `function_names` strips both to
``relu``. The table holds the others, as seen on torch 2.13 and 2.15, on CPU and CUDA.

Not here: which function belongs to which op (``introspect.graph.autograd.join``).
"""

import re
from functools import cache

# An op leaves one function or several of these, in any number.
_LOOSE = """
T: permute
mT: transpose
H: transpose conj permute
mH: transpose conj
getitem: select slice index unsqueeze alias
setitem: copyslices indexput copybackwards fill
adaptive_avg_pool2d: mean asstrided adaptiveavgpool2d
adaptive_avg_pool1d: unsqueeze squeeze mean adaptiveavgpool2d
avg_pool1d: unsqueeze squeeze avgpool2d
max_pool1d: unsqueeze squeeze maxpool2dwithindices
atleast_3d: unsqueeze
batch_norm: nativebatchnorm cudnnbatchnorm miopenbatchnorm nativebatchnormlegit
  batchnormwithupdate
bilinear: view trilinear unsafeview add
broadcast_to: expand
chunk: split unsafesplit
concat: cat
concatenate: cat
contiguous: clone
conv1d: convolution unsqueeze squeeze
conv2d: convolution
conv3d: convolution
conv_transpose1d: convolution
conv_transpose2d: convolution
conv_transpose3d: convolution
copy: copybackwards
cross: linalgcross
dropout: mul nativedropout
dropout1d: mul featuredropout unsqueeze squeeze
dropout2d: mul featuredropout
double: tocopy
einsum: unsqueeze permute view bmm reshapealias unsafeview clone squeeze mul sum transpose expand
  mm
embedding_bag: embeddingbag
expand_as: expand
fft_fft: fftr2c fftc2c
fft_ifft: fftr2c fftc2c
fft_rfft: fftr2c
fft_irfft: fftc2r
flatten: view reshapealias clone unsafeview unsqueeze
float: tocopy
fold: col2im
grid_sample: gridsampler2d gridsampler3d cudnngridsampler
group_norm: nativegroupnorm
gru: view t addmm unsafeview unbind unsafesplit add sigmoid mul tanh sub stack transpose clone
  cudnnrnn mm cat
half: tocopy
hstack: cat
instance_norm: repeat view nativebatchnorm cudnnbatchnorm reshapealias
interpolate: upsamplenearest1d upsamplenearest2d upsamplenearest3d upsamplebilinear2d
  upsamplelinear1d upsamplebicubic2d upsampletrilinear3d upsamplenearestexact2d
  upsamplebilinear2daa upsamplebicubic2daa adaptiveavgpool2d
layer_norm: nativelayernorm
linalg_inv: linalginvex
linalg_norm: linalgvectornorm
linalg_solve: linalgsolveex
linear: view t addmm unsafeview mm unsqueeze squeeze mv add reshapealias dot clone transpose
  linear
lstm: transpose clone mkldnnrnnlayer stack cudnnrnn view t addmm unsafeview unbind unsafesplit
  sigmoid tanh mul add cat mm
matmul: expand view reshapealias bmm unsafeview clone mm mv dot unsqueeze squeeze transpose
  permute
max_pool2d: maxpool2dwithindices
max_pool3d: maxpool3dwithindices
adaptive_max_pool2d: adaptivemaxpool2d
movedim: permute
moveaxis: permute
multi_head_attention_forward: view t addmm mm unsafeview unsqueeze transpose squeeze clone select
  expand reshapealias bmm safesoftmax softmax permute mul add baddbmm splitwithsizes split
  scaleddotproductflashattentionforcpu scaleddotproductefficientattention
  scaleddotproductflashattention scaleddotproductcudnnattention mean nativedropout cat chunk slice
narrow: slice
norm: linalgvectornorm norm
outer: view mul
pad: constantpadnd reflectionpad1d reflectionpad2d reflectionpad3d replicationpad1d
  replicationpad2d replicationpad3d
prelu: view prelukernel
ravel: view reshapealias clone unsafeview
repeat_interleave: unsqueeze expand clone view repeatinterleave indexselect
reshape: view clone unsafeview reshapealias alias
reshape_as: view clone unsafeview reshapealias alias
rnn_relu: view t addmm unsafeview unbind add relu stack transpose clone cudnnrnn mm cat
rnn_tanh: view t addmm unsafeview unbind add tanh stack transpose clone cudnnrnn mm cat
rrelu: rreluwithnoise
scaled_dot_product_attention: scaleddotproductflashattentionforcpu
  scaleddotproductefficientattention scaleddotproductflashattention scaleddotproductcudnnattention
  mul transpose expand reshapealias bmm unsafeview view add safesoftmax softmax clone
  nativedropout unsqueeze repeatinterleave
selu: elu
silu: silu
split: split splitwithsizes
square: pow
swapaxes: transpose
swapdims: transpose
tensordot: permute view mm unsafeview reshapealias clone t
tile: repeat
to: tocopy
bfloat16: tocopy
type: tocopy
type_as: tocopy
true_divide: div
multiply: mul
subtract: sub
negative: neg
absolute: abs
unflatten: view
unfold: unfold im2col
view: view viewasreal viewdtype
view_as: view
vstack: cat
where: where
"""

# An op leaves exactly these. Each step has the shape of the result: only the count tells
# where the op ends.
_EXACT = """
alpha_dropout: mul add
feature_alpha_dropout: mul add
cosine_similarity: linalgvectornorm clone linalgvectornorm clone div div mul sum
cross_entropy: logsoftmax nllloss
gumbel_softmax: add div softmax
kl_div: mul xlogy sub mean
l1_loss: sub abs mean
local_response_norm: mul view constantpadnd avgpool3d squeeze view mul add pow div
lp_pool2d: pow avgpool2d sign abs relu mul mul pow
lstm_cell: t addmm t addmm add unsafesplit sigmoid sigmoid tanh sigmoid mul mul add tanh mul
normalize: linalgvectornorm clampmin expand div
rdiv: reciprocal mul
rtruediv: reciprocal mul
rms_norm: pow mean add rsqrt mul mul | pow mean add rsqrt mul | fusedrmsnorm
rnn_tanh_cell: t addmm t addmm add tanh
rnn_relu_cell: t addmm t addmm add relu
softmin: neg softmax
softsign: abs add div
take_along_dim: expand gather
tanhshrink: tanh sub
"""

# Ops that never leave a function, whatever their inputs carry.
CONSTANT = frozenset(
    "detach zeros_like ones_like empty_like full_like rand_like randn_like randint_like new_zeros "
    "new_ones new_empty new_full new_tensor argmax argmin".split()
)

# Ops that read a parameter once for each step of time.
RECURRENT = frozenset("lstm gru rnn_tanh rnn_relu".split())

# Functions that only rearrange: alone they say little about the op around them.
LAYOUT = frozenset(
    "view unsafeview reshapealias t transpose permute expand unsqueeze squeeze clone select "
    "slice asstrided alias".split()
)

# Ops that may leave functions that rearrange and no other.
_ARRANGING = frozenset(
    "T mT H mH getitem setitem atleast_1d atleast_2d atleast_3d broadcast_to contiguous expand_as "
    "flatten movedim moveaxis narrow ravel repeat_interleave reshape reshape_as swapaxes swapdims "
    "unflatten view view_as".split()
)
_PRODUCTS = frozenset("addmm mm mv bmm dot baddbmm linear".split())


def _rows(table: str) -> dict[str, str]:
    rows = table.replace("\n  ", " ").strip().splitlines()  # an indented line goes on
    return dict(row.split(": ", 1) for row in rows)


_LOOSE_NAMES = {op: frozenset(names.split()) for op, names in _rows(_LOOSE).items()}
_EXACT_NAMES = {
    op: tuple(tuple(sorted(each.split())) for each in names.split(" | "))
    for op, names in _rows(_EXACT).items()
}


@cache
def function_name(name: str) -> str:
    """The name of an autograd function as the tables spell it.

    Example:
        >>> function_name("MaxPool2DWithIndicesBackward0"), function_name("CopyBackwards")
        ('maxpool2dwithindices', 'copybackwards')
    """
    return re.sub(r"Backward\d*$", "", name).lower()


@cache
def op_name(name: str) -> str:
    """An op without the dunders and the trailing underscore of its in-place form.

    Example:
        >>> [op_name(name) for name in ("relu_", "__iadd__", "__rmul__", "__rsub__", "T")]
        ['relu', 'add', 'mul', 'rsub', 'T']
    """
    bare = name.strip("_")
    if name.startswith("__"):
        bare = {"radd": "add", "rmul": "mul", "rmatmul": "matmul"}.get(bare, bare)
        if bare[0] == "i" and bare not in {"index", "invert", "int"}:
            bare = bare[1:]
        bare = {"truediv": "div"}.get(bare, bare)
    return bare


@cache
def function_names(op: str) -> frozenset[str]:
    """What the functions of an op may be called.

    Example:
        >>> sorted(function_names("conv2d"))
        ['conv2d', 'convolution']
    """
    bare = op_name(op)
    exact = frozenset(name for each in exact_names(op) for name in each)
    own = frozenset() if bare.isupper() else {bare.replace("_", "").lower()}
    return _LOOSE_NAMES.get(bare, exact) | own


@cache
def exact_names(op: str) -> tuple[tuple[str, ...], ...]:
    """The sorted names of all functions of an op, where their number tells its end; else ().

    Example:
        >>> exact_names("softsign")
        (('abs', 'add', 'div'),)
    """
    return _EXACT_NAMES.get(op_name(op), ())


@cache
def is_composite(op: str) -> bool:
    """Whether an op may leave more than one function."""
    return len(function_names(op)) > 1


@cache
def core_names(op: str) -> frozenset[str]:
    """Of the functions of an op, those of which it must leave one; empty if any will do.

    Example:
        >>> sorted(core_names("gelu")), sorted(core_names("reshape"))
        (['gelu'], [])
    """
    bare, names = op_name(op), function_names(op)
    if bare in _ARRANGING or names <= LAYOUT:
        return frozenset()
    return names & _PRODUCTS if bare in {"linear", "matmul"} else names - LAYOUT
