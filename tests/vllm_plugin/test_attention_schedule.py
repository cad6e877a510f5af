"""FlashAttention 3's plan of the work: by the heads of the layers it is for, on every vLLM."""

from types import SimpleNamespace

from rast_bench.vllm_plugin.worker import fit_schedule


def group_of(builder: SimpleNamespace) -> tuple[SimpleNamespace, SimpleNamespace]:
    impl = SimpleNamespace(num_heads=28, num_kv_heads=4, head_size=128)
    layers = {"s0_model.layers.0.self_attn.attn": SimpleNamespace(impl=impl)}
    config = SimpleNamespace(compilation_config=SimpleNamespace(static_forward_context=layers))
    return SimpleNamespace(layer_names=list(layers), metadata_builders=[builder]), config


def test_planned_by_the_layers_own_heads():
    builder = SimpleNamespace(
        aot_schedule=True,
        num_heads_q=40,
        num_heads_kv=8,
        headdim=64,
        supports_update_block_table=True,
    )
    fit_schedule(*group_of(builder))
    assert (builder.num_heads_q, builder.num_heads_kv, builder.headdim) == (28, 4, 128)
    assert not builder.supports_update_block_table


def test_builders_without_a_plan_are_left_alone():
    for builder in (SimpleNamespace(num_heads_q=40), SimpleNamespace(aot_schedule=False)):
        before = vars(builder).copy()
        fit_schedule(*group_of(builder))
        assert vars(builder) == before
