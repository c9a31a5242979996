"""The layers of `cnn_one_fstride4` as the kernels of custom_ops/paper_study see them."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class ConvShape:
    """Geometry of one layer without padding; same fields and meaning as `kws::study::ConvShape`."""

    in_h: int
    in_w: int
    in_c: int
    out_c: int
    k_h: int
    k_w: int
    stride_h: int = 1
    stride_w: int = 1

    @property
    def out_h(self) -> int:
        """Output rows."""
        return (self.in_h - self.k_h) // self.stride_h + 1

    @property
    def out_w(self) -> int:
        """Output columns."""
        return (self.in_w - self.k_w) // self.stride_w + 1

    @property
    def positions(self) -> int:
        """Outputs of one channel."""
        return self.out_h * self.out_w

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """[height, width, channels]."""
        return self.in_h, self.in_w, self.in_c

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        """[output channel, row, column, input channel]."""
        return self.out_c, self.k_h, self.k_w, self.in_c

    @property
    def row_length(self) -> int:
        """Weights of one kernel row."""
        return self.k_w * self.in_c

    @property
    def weights(self) -> int:
        """Number of weights."""
        return self.out_c * self.k_h * self.row_length

    @property
    def macs(self) -> int:
        """Products of the dense layer."""
        return self.weights * self.positions

    def with_channels(self, out_c: int) -> ConvShape:
        """The same layer with another number of output channels."""
        return replace(self, out_c=out_c)


@dataclass(frozen=True)
class Layer:
    """A layer of the network."""

    name: str
    shape: ConvShape
    rows: int
    """Equal groups of consecutive inputs that a row mask keeps or prunes; of a convolution its kernel rows."""
    relu: bool
    prunable_channels: bool = True
    """False where the number of outputs is the number of classes."""

    @property
    def row_shape(self) -> ConvShape:
        """`shape` with `rows` kernel rows: a fully connected layer is folded to [rows][inputs / rows]."""
        shape = self.shape
        if shape.k_h == self.rows:
            return shape
        if shape.positions != 1 or shape.row_length % self.rows or shape.k_h != 1:
            raise ValueError(f"{self.name}: cannot be folded into {self.rows} rows")
        return ConvShape(self.rows, 1, shape.row_length // self.rows, shape.out_c, self.rows, 1)


def fully_connected(name: str, inputs: int, outputs: int, rows: int, *, relu: bool = True, last: bool = False) -> Layer:
    """A fully connected layer: a convolution whose kernel covers its input."""
    return Layer(name, ConvShape(1, 1, inputs, outputs, 1, 1), rows, relu, prunable_channels=not last)


PAPER_LAYERS = (
    # 40 mel bands x 30 frames; 8 bands x all frames, 4 bands further each time: 9 positions.
    Layer("conv", ConvShape(40, 30, 1, 186, 8, 30, 4, 1), rows=8, relu=True),
    # One row for each of the 9 positions, 186 channels.
    fully_connected("fc1", 1674, 32, rows=9),
    fully_connected("fc2", 32, 128, rows=8),
    fully_connected("fc3", 128, 128, rows=8),
    fully_connected("fc4", 128, 6, rows=8, relu=False, last=True),
)
"""476,576 products and, with one bias an output channel, 119,936 parameters."""
