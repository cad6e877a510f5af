"""Check memory (appendix D), FLOPs (reply to reviewer 2) and speed, by the authors' formulas."""

from collections.abc import Sequence
from fractions import Fraction
from math import log

from rast_bench.known import known_shapes
from rast_bench.paper.audit.finding import Finding, compared, location, system
from rast_bench.paper.cost import (
    forward_flops,
    optimizer_bytes,
    training_flops,
    weight_bytes_per_gpu,
)
from rast_bench.paper.intervals import Interval, image
from rast_bench.paper.published import Published, only, select
from rast_bench.planning.checkpoints import config_parameters

MEMORY = "Memory, appendix D"
FLOPS = "FLOPs, reply to reviewer 2"
SPEED = "Speed, discussion with reviewer 2"
MEMORY_SAVED = "Memory saved, table 4"
_BILLION = 10**9
_PEAK = "1979 TFLOPS is the H100's peak with sparsity; 50 % of it is all that dense products reach"


def check_memory(records: Sequence[Published]) -> list[Finding]:
    """Check the two worked examples of appendix D; its GB are 10⁹ bytes."""
    example = {"source": "text", "section": "D"}
    size, parallel, models = (
        only(records, metric=metric, **example)
        for metric in ("parameters", "tensor parallelism", "models")
    )
    devices, copies = int(parallel.value), int(models.value)
    weights = image(
        lambda billions: weight_bytes_per_gpu(billions * _BILLION, devices, copies) / _BILLION,
        [size.interval],
    )
    states = image(
        lambda billions: optimizer_bytes(billions * _BILLION, copies) / _BILLION, [size.interval]
    )
    one_state = optimizer_bytes(Fraction(size.value) * _BILLION, copies) / 2 / 2**30
    return [
        compared(
            MEMORY, only(records, metric="weight memory", **example), weights, [size, parallel]
        ),
        compared(
            MEMORY,
            only(records, metric="optimizer memory", **example),
            states,
            [size, models],
            reason=f"one of Adam's two states alone is {float(one_state):.1f} GiB",
        ),
    ]


def check_memory_saved(records: Sequence[Published]) -> list[Finding]:
    """Check section 4.3 and the reply to reviewer 4 against table 4's own numbers.

    The reply speaks of more than 80 % recovery, so of 32B with the ΔR of 14B at best.
    """
    table = select(records, source="table 4")
    steered = {
        (one.model, one.delta): one for one in select(table, metric="GPU memory", method="rast")
    }
    if not steered:
        return []
    direct = {key: only(table, metric="GPU memory", method="rl", model=key[0]) for key in steered}
    kept = {
        key: image(lambda rast, rl: 100 * rast / rl, [one.interval, direct[key].interval])
        for key, one in steered.items()
    }
    saved = Interval(
        100 - min(one.high for one in kept.values()), 100 - min(one.low for one in kept.values())
    )
    cards = select(table, metric="cards")
    each = ", ".join(
        f"{system(one)} {float(100 - 100 * one.value / direct[key].value):.0f} %"
        for key, one in steered.items()
    )
    hardware = ", ".join(f"{system(one)} {one.value}{one.unit}" for one in cards)
    highest = ("qwen2.5-32b", "qwen2.5-14b")
    return [
        compared(
            MEMORY_SAVED,
            only(records, metric="memory saved"),
            saved,
            [*steered.values(), *dict.fromkeys(direct.values()), *cards],
            reason=f"by table 4's own numbers: {each}; its cards: {hardware}",
        ),
        compared(
            MEMORY_SAVED,
            only(records, metric="training memory"),
            kept[highest],
            [steered[highest], direct[highest]],
            note="of 32B + ΔR 14B, the highest recovery",
        ),
    ]


def check_flops(records: Sequence[Published]) -> list[Finding]:
    """Check the four numbers of the reply's table; GPUs, hours and peak speed count as exact."""
    reply = select(records, source="reply FLOPs")
    peak, utilisation = (only(reply, metric=metric) for metric in ("peak speed", "utilisation"))
    found = []
    for published in select(reply, metric="training FLOPs"):
        gpus, hours = (
            only(reply, metric=metric, model=published.model)
            for metric in ("training GPUs", "training time")
        )
        flops = training_flops(
            int(gpus.value),
            Fraction(hours.value) * 3600,
            Fraction(peak.value) * 10**12,
            Fraction(utilisation.value) / 100,
        )
        used = [gpus, hours, peak, utilisation]
        found.append(compared(FLOPS, published, Interval(flops, flops), used, note=_PEAK))
    return found + [_inference(reply, one) for one in select(reply, metric="inference FLOPs")]


def check_speed(records: Sequence[Published]) -> list[Finding]:
    """Check "around 13–16% latency", read as the share of tokens per second that is lost."""
    reply = select(records, source="reply 4")
    speeds = [
        (rast, only(reply, model=rast.model, method="rl", metric=rast.metric))
        for rast in select(reply, method="rast")
    ]
    used = [one for pair in speeds for one in pair]
    lost = [
        image(lambda rast, rl: 100 * (1 - rast / rl), [rast.interval, rl.interval])
        for rast, rl in speeds
    ]
    added = [float(100 * (rl.value / rast.value - 1)) for rast, rl in speeds]
    note = f"as time per token it would be {min(added):.1f} to {max(added):.1f} % more"
    found = []
    for metric, extreme in (("smallest slowdown", min), ("largest slowdown", max)):
        interval = Interval(extreme(one.low for one in lost), extreme(one.high for one in lost))
        found.append(compared(SPEED, only(reply, metric=metric), interval, used, note=note))
    return found


def check_speed_by_size(records: Sequence[Published]) -> list[Finding]:
    """Check speeds on the same cards against sizes: each decoding step reads every parameter.

    Unlikely if the larger RL model is slower by less than half of that, in logarithms.
    """
    reply = select(records, source="reply 4", metric="output speed")
    small, large = (
        only(reply, model=model, method="rl") for model in ("qwen2.5-14b", "qwen2.5-32b")
    )
    sizes = {name: config_parameters(shape) for name, shape in known_shapes().items()}
    parameters = sizes[str(large.model)] / sizes[str(small.model)]
    speeds = float(small.value / large.value)
    unlikely = log(speeds) < log(parameters) / 2
    steered = []
    for rast in select(reply, method="rast"):
        rl = only(reply, model=rast.model, method="rl")
        all_three = 1 + 2 * sizes[str(rast.delta)] / sizes[str(rast.model)]
        lost = 100 * (1 - rast.value / rl.value)
        steered.append(f"{system(rast)} loses {lost:.1f} % with {all_three:.2f} times as many")
    return [
        Finding(
            rule=SPEED,
            number=f"{system(large)} against {system(small)}: output speed",
            source=location(small),
            published=f"{large.value}, {small.value} tokens/s",
            recomputed=f"{speeds:.2f}× slower, {parameters:.2f}× larger",
            verdict="unlikely" if unlikely else "agrees",
            note=f"a step reads every parameter; {', '.join(steered)}" if unlikely else "",
            interval=None,
            records=(small, large),
        )
    ]


def _inference(reply: Sequence[Published], published: Published) -> Finding:
    """Check 2 FLOPs per parameter and token, over M and, for RAST, both models of the ΔR."""
    names = [published.model, *([published.delta] * 2 if published.delta else [])]
    sizes = [only(reply, metric="parameters", model=model) for model in names]
    interval = image(
        lambda *billions: forward_flops([size * _BILLION for size in billions]),
        [size.interval for size in sizes],
    )
    doubled = forward_flops(int(size.value) * _BILLION for size in [*sizes, *sizes[1:]])
    reason = f"with both models of the ΔR counted twice it would be {float(doubled):.3g}"
    return compared(FLOPS, published, interval, sizes, reason=reason if published.delta else "")
