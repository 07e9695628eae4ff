"""Log lines of the public trainer and its variants, in their own separators and units."""

from hypothesis import given
from hypothesis import strategies as st

from paramgolf.judge.public_game.logs import MOST_SCORES, read_log

FIRST_FORM = """\
import os
    seed = int(os.environ.get("SEED", 7))
    log0(f"final_int8_zlib_roundtrip val_loss:{q_val_loss:.4f} val_bpb:{q_val_bpb:.4f}")
val_loader:shards pattern=/data/fineweb_val_*.bin tokens:62021632
model_params:17059912
world_size:8 grad_accum_steps:1
seed:1337
warmup_step:20/20
step:0/20000 val_loss:6.9370 val_bpb:4.0978 train_time:0ms step_avg:0.01ms
step:50/20000 train_loss:3.9508 train_time:2126ms step_avg:42.52ms
step:13780/20000 val_loss:2.0606 val_bpb:1.2172 train_time:600038ms step_avg:43.54ms
stopping_early: wallclock_cap train_time:600038ms step:13780/20000
Serialized model: 67224983 bytes
Code size: 47642 bytes
Total submission size: 67272625 bytes
Serialized model int8+zlib: 15815847 bytes (payload:17178912 raw_torch:17224025)
Total submission size int8+zlib: 15863489 bytes
final_int8_zlib_roundtrip val_loss:2.0727 val_bpb:1.2244 eval_time:1401ms
final_int8_zlib_roundtrip_exact val_loss:2.07269931 val_bpb:1.22436570
"""
LATER_FORM = """\
Hyperparameters:
  gate_seed_everything: 3
  seed: 42
  world_size: 8
val_tokens: 47851520
model_params:35989658
0/20000 val_loss: 9.0177 val_bpb: 4.1205
500/20000 train_loss: 2.5859 train_time: 0.8m tok/s: 8111933
4854/20000 val_loss: 2.3408 val_bpb: 1.0696
stopping_early: wallclock_cap train_time: 596176ms step: 4854/20000
diagnostic pre-quantization post-ema val_loss:2.33966453 val_bpb:1.06906597 eval_time:6721ms
Serialized model: 135592891 bytes
Code size (uncompressed): 131887 bytes
Code size (compressed): 28025 bytes
GPTQ:collected 67 Hessians in 3.5s
Serialized model quantized+brotli: 15950809 bytes
Total submission size quantized+brotli: 15978834 bytes
diagnostic quantized val_loss:2.36024930 val_bpb:1.07847179 eval_time:10116ms
ttp: b777/782 bl:2.3239 bb:1.0890 rl:2.3239 rb:1.0890 dl:8452-9229 gd:0
quantized_ttt_phased val_loss:2.33302383 val_bpb:1.06610085 eval_time:396853ms
total_eval_time:396.9s
"""


def only_run(text: str, name: str = "train.log"):
    (run,) = read_log(name, text.encode())
    return run


def test_the_first_form():
    run = only_run(FIRST_FORM)
    assert (run.seed, run.model_params, run.world_size, run.val_tokens) == (1337, 17059912, 8, 62021632)
    assert (run.steps, run.train_seconds, run.step_seconds) == (13780, 600.038, 0.04354)
    assert (run.total_bytes, run.model_bytes, run.code_bytes) == (15863489, 15815847, 47642)
    assert [(s.label, s.bits_per_byte, s.loss) for s in run.scores] == [
        ("final_int8_zlib_roundtrip", 1.2244, 2.0727),
        ("final_int8_zlib_roundtrip_exact", 1.2243657, 2.07269931),
    ]
    assert run.eval_seconds == 1.401
    assert list(run.training_scores) == [4.0978, 1.2172]


def test_the_later_form():
    run = only_run(LATER_FORM, "logs/train_seed42.log")
    assert (run.seed, run.seed_in_name, run.world_size, run.val_tokens) == (42, 42, 8, 47851520)
    assert (run.steps, run.train_seconds, run.calibration_seconds) == (4854, 596.176, 3.5)
    assert (run.total_bytes, run.model_bytes, run.code_bytes) == (15978834, 15950809, 28025)
    assert [score.bits_per_byte for score in run.scores] == [1.06610085]
    assert len(run.evaluations) == 3
    assert run.eval_seconds == 396.9


def test_other_separators_and_names():
    run = only_run(
        "step:10/20 loss:2.5 t:12500.5ms avg:1250.1ms\n"
        "budget:15993853/16000000 (15.99/16.00MB) FITS\n"
        "ttt_sliding:done val_loss=1.888000 val_bpb=1.119000 elapsed=429.3s\n",
        "log_10mins_seed-7.txt",
    )
    assert (run.train_seconds, run.total_bytes, run.eval_seconds, run.seed_in_name) == (
        12.5005,
        15993853,
        429.3,
        7,
    )
    assert [(s.label, s.bits_per_byte) for s in run.scores] == [("ttt_sliding:done", 1.119)]


def test_minutes_count_as_at_least_what_they_say():
    run = only_run("100/200 train_loss: 2.5 train_time: 10.1m tok/s: 3\n")
    assert 600 < run.train_seconds <= 606


def test_several_runs_in_one_file():
    second = FIRST_FORM.replace("seed:1337", "seed:42").replace("1.22436570", "1.22500000")
    runs = read_log("train.log", (FIRST_FORM + second).encode())
    assert [run.seed for run in runs] == [1337, 42]
    assert [run.scores[-1].bits_per_byte for run in runs] == [1.2243657, 1.225]


def test_a_copied_log_has_the_same_curve_and_another_run_has_not():
    other = FIRST_FORM.replace("train_loss:3.9508", "train_loss:3.9509")
    assert only_run(FIRST_FORM).curve == only_run("# noise\n" + FIRST_FORM, "b.log").curve
    assert only_run(FIRST_FORM).curve != only_run(other).curve


def test_utf_16_is_read_and_other_text_is_no_log():
    (run,) = read_log("a.log", FIRST_FORM.encode("utf-16"))
    assert run.seed == 1337
    assert read_log("notes.txt", b"nothing here, not even a seed: x\n") == []


def test_a_flood_is_cut():
    (run,) = read_log("a.log", b"val_bpb:1.5\n" * 5000)
    assert len(run.evaluations) == MOST_SCORES


LINES = st.sampled_from((FIRST_FORM + LATER_FORM).splitlines())


@given(st.lists(LINES | st.text(max_size=40), max_size=40), st.binary(max_size=40))
def test_any_mixture_of_lines_is_read(lines, tail):
    for run in read_log("x_seed3.log", "\n".join(lines).encode("utf-8", "replace") + tail):
        assert all(score.bits_per_byte >= 0 for score in run.scores)
        assert run.train_seconds is None or run.train_seconds >= 0
