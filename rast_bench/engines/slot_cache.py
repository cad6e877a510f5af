"""A key-value cache with one slot a row, each row at its own position, for transformers models.

Rows hold their tokens from position 0 on, so nothing is padded on the left and a row's numbers lie
in the same places whatever its neighbours do. Models call `update` from their attention layers.
"""

import torch
from torch import Tensor

LENGTH_STEP = 16  # attended lengths are multiples of this: whole vectors, so equal sums
MIN_LENGTH = 64  # PyTorch multiplies very small matrices by other means, so with other bits


def round_up(count: int, step: int) -> int:
    """The least multiple of `step` that is at least `count`."""
    return -(-count // step) * step


class SlotCache:
    """Keys and values [slots, kv_heads, length, head_dim] a layer, allocated on first use.

    It is no `transformers.Cache`: attention layers call nothing but `update`.
    """

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []
        self._rows = torch.empty(0, dtype=torch.int64)
        self._positions = torch.empty(0, dtype=torch.int64)
        self._length = LENGTH_STEP

    def begin_step(self, positions: Tensor, length: int) -> None:
        """The next forward pass writes row i at `positions[i]` and attends to `length` columns."""
        self._positions = positions
        self._length = length
        if len(self._rows) != len(positions):
            self._rows = torch.arange(len(positions), device=positions.device)

    def update(
        self, key_states: Tensor, value_states: Tensor, layer_idx: int, *_: object, **__: object
    ) -> tuple[Tensor, Tensor]:
        """Store [rows, kv_heads, 1, head_dim] and return what the layer attends to."""
        keys, values = self.keys[layer_idx], self.values[layer_idx]
        keys[self._rows, :, self._positions] = key_states[:, :, 0]
        values[self._rows, :, self._positions] = value_states[:, :, 0]
        rows = len(self._rows)
        return keys[:rows, :, : self._length], values[:rows, :, : self._length]

    def fill(self, slot: int, layers: list[tuple[Tensor, Tensor]]) -> None:
        """Put a prefilled prompt, [kv_heads, time, head_dim] a layer, into a slot."""
        if not self.keys:
            self._allocate(layers)
        time = layers[0][0].shape[1]
        self.reserve(time)
        for i, (key, value) in enumerate(layers):
            self.keys[i][slot, :, :time] = key
            self.values[i][slot, :, :time] = value

    def move(self, source: int, target: int, time: int) -> None:
        """Copy the first `time` positions of one slot to another."""
        for buffer in (*self.keys, *self.values):
            buffer[target, :, :time] = buffer[source, :, :time]

    def reserve(self, length: int) -> None:
        """Make room for `length` positions, at least doubling; the contents stay."""
        for buffers in (self.keys, self.values):
            for i, buffer in enumerate(buffers):
                if buffer.shape[2] < length:
                    room = max(length, 2 * buffer.shape[2])
                    grown = buffer.new_zeros((*buffer.shape[:2], room, buffer.shape[3]))
                    grown[:, :, : buffer.shape[2]] = buffer
                    buffers[i] = grown

    def _allocate(self, layers: list[tuple[Tensor, Tensor]]) -> None:
        for key, value in layers:
            heads, time, dim = key.shape
            length = round_up(time, LENGTH_STEP)
            self.keys.append(key.new_zeros((self.slots, heads, length, dim)))
            self.values.append(value.new_zeros((self.slots, heads, length, dim)))
