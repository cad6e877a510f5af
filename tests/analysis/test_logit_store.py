"""Logits on disk and back."""

from collections import namedtuple
from pathlib import Path

import pytest
import torch

from rast_bench.analysis.logit_store import LogitStore
from rast_bench.config.schema import ModelRef
from rast_bench.errors import LedgerError
from rast_bench.hardware import GIB

WIDE, NARROW = ModelRef(path="wide"), ModelRef(path="narrow")
CPU = torch.device("cpu")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_was_written_is_read_over_the_shared_vocabulary(
    tmp_path: Path, dtype: torch.dtype
) -> None:
    store = LogitStore(tmp_path, positions=5)
    generator = torch.Generator().manual_seed(0)
    written = {
        ref: torch.randn(5, width, generator=generator).to(dtype)
        for ref, width in ((WIDE, 8), (NARROW, 6))
    }
    for ref, logits in written.items():
        store.add(ref, logits.shape[1], dtype).copy_(logits)
    assert store.vocabulary == 6
    for ref, logits in written.items():
        found = store.read(ref, 1, 4, CPU)
        assert found.dtype == torch.float32
        assert torch.equal(found, logits[1:4, :6].float())
    sizes = sorted(path.stat().st_size for path in tmp_path.iterdir())
    assert sizes == [5 * 6 * dtype.itemsize, 5 * 8 * dtype.itemsize]


def test_a_disk_without_room_is_told_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(0, 0, 3 * GIB))
    store = LogitStore(tmp_path, positions=2**20)
    store.check_disk_space(models=3, width=256, dtype=torch.float32)
    with pytest.raises(LedgerError, match=r"3\.0 GiB free, .* 4 models .* need 4\.0") as caught:
        store.check_disk_space(models=4, width=256, dtype=torch.float32)
    assert "--scratch" in str(caught.value.hint)
