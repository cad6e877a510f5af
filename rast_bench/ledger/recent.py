"""Values in memory, as long as they are not too large together."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    @property
    def nbytes(self) -> int: ...


Key = TypeVar("Key")
Value = TypeVar("Value", bound=Sized)


class Recent(Generic[Key, Value]):
    """What was made for a key; of that, the latest used as long as all have few enough bytes.

    For several threads: one value is made at a time, and no one waits for one that is there.

    Args:
        most_bytes: of all values together.
        keeps_one: whether a value that is larger by itself is kept, alone.
    """

    def __init__(self, most_bytes: int, *, keeps_one: bool = True) -> None:
        self._most = most_bytes
        self._keeps_one = keeps_one
        self._bytes = 0
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._lock = threading.Lock()
        self._making = threading.Lock()

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """Return the value of the key; raise what `make` raises."""
        value = self.find(key)
        if value is not None:
            return value
        with self._making:
            value = self.find(key)  # another thread may have made it
            if value is None:
                value = make()
                self.keep(key, value)
        return value

    def find(self, key: Key) -> Value | None:
        """Return the value of the key; None if there is none (any more)."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def keep(self, key: Key, value: Value) -> None:
        """Keep a value instead of an earlier one of the key."""
        with self._lock:
            self._forget(key)
            if value.nbytes > self._most and not self._keeps_one:
                return
            self._values[key] = value
            self._bytes += value.nbytes
            while self._bytes > self._most and len(self._values) > 1:
                self._bytes -= self._values.popitem(last=False)[1].nbytes

    def drop(self, key: Key) -> None:
        """Forget the value of the key, if there is one."""
        with self._lock:
            self._forget(key)

    def _forget(self, key: Key) -> None:
        if key in self._values:
            self._bytes -= self._values.pop(key).nbytes
