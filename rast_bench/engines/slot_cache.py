"""A key-value cache with one slot per row, each row at its own position, for transformers.

Rows store their tokens from position 0 on, so nothing is padded on the left and a row's numbers are
in the same place whatever its neighbours do. Models call `update` from their attention layers.

The cache is a rectangle, slots × positions, and grows with the live rows: a side that is
too short doubles, but neither beyond what these rows can ever need nor beyond `capacity`. The
engine admits a request only if the rows fit there when each has grown to its `max_tokens`, so a row
that was admitted never lacks room.
"""

import torch
from torch import Tensor

LENGTH_STEP = 16  # attended lengths are multiples of this: full vectors, so equal sums
MIN_LENGTH = 64  # PyTorch multiplies very small matrices differently, so with other bits


def round_up(count: int, step: int) -> int:
    """Return the smallest multiple of `step` that is at least `count`."""
    return -(-count // step) * step


class SlotCache:
    """Keys and values [rows, kv_heads, length, head_dim] per layer, allocated on first use.

    It is not a `transformers.Cache`: attention layers call nothing but `update`.
    """

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.capacity: int | None = None  # rows × length at most; None: no limit
        self.rows = 0
        self.length = 0
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []
        self._rows = torch.empty((0, 1), dtype=torch.int64)
        self._positions = torch.empty((0, 1), dtype=torch.int64)
        self._length = LENGTH_STEP

    def begin_step(self, positions: Tensor, length: int) -> None:
        """Prepare a forward pass that writes row i at `positions[i]` and attends to `length`
        columns. Positions are [rows], or [rows, time] for several tokens per row.
        """
        self._positions = positions.view(len(positions), -1)
        self._length = length
        if len(self._rows) != len(positions):
            self._rows = torch.arange(len(positions), device=positions.device)[:, None]

    def update(
        self, key_states: Tensor, value_states: Tensor, layer_idx: int, *_: object, **__: object
    ) -> tuple[Tensor, Tensor]:
        """Store [rows, kv_heads, time, head_dim] and return what the layer attends to."""
        keys, values = self.keys[layer_idx], self.values[layer_idx]
        keys[self._rows, :, self._positions] = key_states.transpose(1, 2)
        values[self._rows, :, self._positions] = value_states.transpose(1, 2)
        rows = len(self._rows)
        return keys[:rows, :, : self._length], values[:rows, :, : self._length]

    def fill(self, slot: int, layers: list[tuple[Tensor, Tensor]]) -> None:
        """Put a prefilled prompt, [kv_heads, time, head_dim] per layer, into a slot with room."""
        if not self.keys:
            for layer in layers:
                for buffers, part in zip((self.keys, self.values), layer, strict=True):
                    heads, _, dim = part.shape
                    buffers.append(part.new_zeros((self.rows, heads, self.length, dim)))
        time = layers[0][0].shape[1]
        for i, (key, value) in enumerate(layers):
            self.keys[i][slot, :, :time] = key
            self.values[i][slot, :, :time] = value

    def move(self, source: int, target: int, time: int) -> None:
        """Copy the first `time` positions of one slot to another."""
        for buffer in (*self.keys, *self.values):
            buffer[target, :, :time] = buffer[source, :, :time]

    def reserve(self, rows: int, length: int, longest: int) -> None:
        """Make room for `rows` slots of `length` positions, keeping the content of these.

        Args:
            rows: at most `slots`.
            length: positions of the longest live row now.
            longest: positions that a live row may need; rows × longest is at most `capacity`.
        """
        if rows <= self.rows and length <= self.length:
            return
        # A side that is long enough is kept, another one doubles.
        wide = self.rows if rows <= self.rows else min(self.slots, max(rows, 2 * self.rows))
        long = self.length if length <= self.length else max(length, 2 * self.length)
        long = min(long, max(length, longest))
        if self.capacity is not None:  # current needs take precedence over possible ones
            long = max(length, min(long, self.capacity // rows))
            wide = max(rows, min(wide, self.capacity // long))
        self.rows, self.length = wide, long
        for buffers in (self.keys, self.values):
            for i, buffer in enumerate(buffers):
                grown = buffer.new_zeros((wide, buffer.shape[1], long, buffer.shape[3]))
                kept = buffer[:rows, :, :length]
                grown[: len(kept), :, : kept.shape[2]] = kept
                buffers[i] = grown
        if self.keys:
            return_freed_memory(self.keys[0].device)


def return_freed_memory(device: torch.device) -> None:
    """Return memory of freed tensors that PyTorch keeps to the GPU; on CPUs nothing is kept."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
