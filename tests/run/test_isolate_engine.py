"""Faults that are no cell's: of the engine itself, of loading, of the requests."""

import gc
import weakref
from collections.abc import Iterable, Iterator

import pytest
from fake_device import Device, Outcome, poison, requests

from rast_bench.domain import Request, Sample
from rast_bench.errors import EngineError, LedgerError, ModelError
from rast_bench.run.isolate import MAX_FAILED_IN_A_ROW, MAX_UNEXPLAINED, IsolatedStream


def test_an_engine_that_fails_every_cell_is_given_up_soon() -> None:
    error = EngineError("no kernel image", hint="another card")
    device = Device(lambda _one, _device: error)
    outcome = Outcome(device, requests(*((f"cell {number}", 5) for number in range(500))))
    assert outcome.error is error
    assert len(outcome.failed) == MAX_FAILED_IN_A_ROW - 1
    assert device.loads == MAX_FAILED_IN_A_ROW


def test_crashes_that_no_cell_explains_end_the_stream(capsys: pytest.CaptureFixture[str]) -> None:
    """Out of memory whenever cells share a batch, never when they run alone."""

    def crash(_one: Request, device: Device) -> Exception | None:
        together = len({key.cell_id for key in device.streams[-1]}) > 1
        return ModelError("out of memory") if together else None

    device = Device(crash)
    outcome = Outcome(device, requests(*((f"cell {number}", 2) for number in range(100))))
    assert str(outcome.error) == "out of memory"
    assert outcome.failed == {}
    assert device.loads == MAX_UNEXPLAINED + 2  # a last one to run the suspects
    assert len(outcome.made) == 4 * (MAX_UNEXPLAINED + 1)  # the suspects, which are kept
    assert len(capsys.readouterr().err.splitlines()) == MAX_UNEXPLAINED


def test_an_engine_that_never_takes_a_request_ends_the_stream() -> None:
    class Refusing(Device):
        def generate(self, *_: object) -> Iterator[Sample]:
            raise EngineError("not ready")

    device = Refusing()
    outcome = Outcome(device, requests(("a", 1), ("b", 1)))
    assert str(outcome.error) == "not ready"
    assert outcome.failed == {}
    assert device.loads == MAX_UNEXPLAINED + 1


@pytest.mark.parametrize("works", [0, 1])
def test_an_error_of_loading_is_nobodys_fault(works: int) -> None:
    class Gone(Device):
        def load(self) -> Device:
            if self.loads == works:
                raise ModelError("the card is gone")
            return super().load()

    outcome = Outcome(Gone(poison("b")), requests(("a", 6), ("b", 2), ("c", 2)))
    assert str(outcome.error) == "the card is gone"
    assert outcome.failed == {}
    assert outcome.per_cell == ({"a": 4} if works else {})


@pytest.mark.parametrize("after", [0, 3])
def test_an_error_of_the_requests_is_nobodys_fault(after: int) -> None:
    error = EOFError("the pipe is gone")

    def broken() -> Iterator[Request]:
        yield from requests(("a", after))
        raise error

    class Wrapping(Device):
        def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
            try:
                yield from super().generate(requests)
            except EOFError as cause:
                raise EngineError("the engine's own words") from cause

    outcome = Outcome(Wrapping(), broken())
    assert outcome.error is error
    assert outcome.failed == {}


@pytest.mark.parametrize("error", [LedgerError("disk full"), KeyboardInterrupt()])
def test_what_says_nothing_of_a_cell_passes(error: BaseException) -> None:
    device = Device(lambda _one, _device: error)  # type: ignore[arg-type, return-value]
    failed: list[str] = []
    with pytest.raises(type(error)), IsolatedStream(device.load) as isolated:
        list(
            isolated.stream(
                requests(("a", 1), ("b", 1)),
                on_failed_cell=lambda cell, _error: failed.append(cell),
            )
        )
    assert failed == []
    assert (device.loads, device.closed) == (1, 1)


def test_a_broken_engine_that_does_not_close_is_told_as_a_note() -> None:
    class Stuck(Device):
        def close(self) -> None:
            super().close()
            if self.closed == 1:
                raise OSError("the engine's process is gone")

    outcome = Outcome(Stuck(poison("a")), requests(("a", 4), ("b", 4)))
    assert outcome.error is None
    assert outcome.per_cell == {"b": 4}
    (note,) = outcome.failed["a"].__notes__
    assert "the engine's process is gone" in note


def test_a_kept_error_holds_nothing_of_the_engine() -> None:
    """What filled the GPU must be free before the next load, while the error is still known."""

    class Activations:
        pass

    alive: list[weakref.ref[Activations]] = []

    class Full(Device):
        def load(self) -> Device:
            assert [ref() for ref in alive] == [None] * len(alive)
            return super().load()

        def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
            activations = Activations()
            alive.append(weakref.ref(activations))
            try:
                yield from super().generate(requests)
            except RuntimeError as error:
                raise ModelError("out of memory") from error

    gc.disable()
    try:
        outcome = Outcome(Full(poison("b")), requests(("a", 2), ("b", 2), ("c", 2)))
    finally:
        gc.enable()
    assert list(outcome.failed) == ["b"]
    assert outcome.failed["b"].__traceback__ is not None
    assert len(alive) == 4  # together, two alone, and the rest
