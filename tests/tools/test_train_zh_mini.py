"""The training of the bundled checkpoint on a few hundred sentences and a tiny random teacher, stage by stage."""

import json
import random
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:  # `tools` stands beside the package, not in it
    sys.path.insert(0, str(ROOT))

pytest.importorskip("rjieba", reason="the training cuts words with rjieba")

from tools.train_zh_mini import (  # noqa: E402
    calibrate,
    corpus,
    distill,
    readings,
    student,
    targets,
    teacher,
    train,
    vocabulary,
    word_vectors,
)

PIECES = [
    "物流很快",
    "包装完好",
    "屏幕太暗",
    "电池耐用",
    "客服态度差",
    "味道不错",
    "价格便宜",
    "房间干净",
    "早餐难吃",
    "手机发烫",
]


def sentences(n, seed=0):
    rng = random.Random(seed)
    return list(dict.fromkeys("，".join(rng.sample(PIECES, rng.randint(2, 5))) for _ in range(n)))


@pytest.fixture(scope="module")
def tiny_teacher(tmp_path_factory):
    """A random BERT of 12 small layers with a unigram tokenizer in the teacher's format."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(split=False)
    trainer = trainers.UnigramTrainer(vocab_size=300, special_tokens=special, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator([*sentences(200), "abc def query: ,.!?", "the phone is good"], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    folder = tmp_path_factory.mktemp("teacher")
    names = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=24,
        num_hidden_layers=12,
        num_attention_heads=4,
        intermediate_size=40,
        pad_token_id=1,
        max_position_embeddings=256,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def trained(tiny_teacher, tmp_path_factory):
    """The arguments of a whole run, and its checkpoint folder."""
    work = tmp_path_factory.mktemp("work")
    (work / "zh.txt").write_text("\n".join(sentences(400)), encoding="utf-8")
    (work / "en.txt").write_text("the phone is good\nabc def\nthe phone is abc\n", encoding="utf-8")
    (work / "held.txt").write_text("\n".join(sentences(400)[:20]), encoding="utf-8")
    paths = ["--text", work / "zh.txt", "--english", work / "en.txt", "--held-out", work / "held.txt"]
    paths += ["--teacher", tiny_teacher, "--work", work, "--out", work / "out"]
    arguments = [*map(str, paths), "--steps", "12", "--threads", "1", "--n-pieces", "120", "--device", "cpu"]
    train.main(arguments)
    return arguments, work


def test_one_command_writes_a_checkpoint_that_two_libraries_load_alike(trained):
    sentence_transformers = pytest.importorskip("sentence_transformers")
    from transformers import AutoModel, AutoTokenizer

    folder, texts = trained[1] / "out", sentences(5, seed=1)
    vectors = sentence_transformers.SentenceTransformer(str(folder), device="cpu").encode(texts)
    model, tokenizer = AutoModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        hidden = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
    from safetensors.torch import load_file

    head = load_file(folder / "2_Dense" / "model.safetensors")
    expected = student.pool(hidden, batch["attention_mask"]) @ head["linear.weight"].float().T + head["linear.bias"]
    np.testing.assert_allclose(vectors, expected.numpy(), atol=1e-4)


def test_a_run_goes_on_from_its_state_and_ends_where_an_unbroken_run_ends(trained, tmp_path):
    arguments, work = trained
    data = train.EpochData(work, train.Shape().block_widths)
    plan = distill.TrainingPlan(n_steps=6, batch_tokens=256)

    def run(path, n_steps_in_turn):
        torch.manual_seed(0)
        args = train._parser().parse_args(arguments)
        for n_steps in n_steps_in_turn:
            model = train._new_student(args, train.Shape(n_pieces=120), data)
            _stop_after(n_steps, model, data, plan, path)
        return torch.load(path, weights_only=True)["student"]

    unbroken, broken = run(tmp_path / "a.pt", [6]), run(tmp_path / "b.pt", [4, 6])
    for name, weight in unbroken.items():
        torch.testing.assert_close(broken[name], weight, atol=1e-6, rtol=1e-5)


def _stop_after(n_steps, model, data, plan, path):
    """Train until the state at `n_steps` is on disk, as if the process had ended there."""

    class Stop(Exception):
        pass

    optimizer_steps = []
    original = distill._save

    def save(path, *state):
        original(path, *state)
        if state[-1]["step"] == n_steps and n_steps < plan.n_steps:
            raise Stop

    eager = distill.TrainingPlan(**{**plan.__dict__, "save_every_seconds": -1.0})
    distill._save = save
    try:
        distill.train(model, data, list(data.widths), eager, path, log=optimizer_steps.append)
    except Stop:
        pass
    finally:
        distill._save = original


def test_stages_that_are_done_are_not_done_again(trained):
    arguments, work = trained
    before = {path: path.stat().st_mtime_ns for path in (work / "vectors-zh").iterdir()}
    train.main([*arguments, "--stages", "text", "words", "teacher"])
    assert {path: path.stat().st_mtime_ns for path in (work / "vectors-zh").iterdir()} == before


def test_held_out_texts_are_not_chosen(trained):
    work = trained[1]
    chosen = set(json.loads((work / "texts-zh.json").read_text(encoding="utf-8")))
    assert chosen
    assert not chosen & set(corpus.read_lines(work / "held.txt"))


def test_training_lowers_the_loss(trained):
    work = trained[1]
    data = train.EpochData(work, train.Shape().block_widths)
    args = train._parser().parse_args(trained[0])
    encoded, wanted = data(0)
    token_ids, mask = teacher.pad(encoded[:64], 1)
    target = torch.from_numpy(wanted[:64].astype(np.float32))

    def loss(model):
        with torch.no_grad():
            return distill.distillation_loss(model(token_ids, mask), target, list(data.widths), 1.0).item()

    fresh = train._new_student(args, train.Shape(n_pieces=120), data)
    torch.nn.init.zeros_(fresh.head.weight)
    before = loss(fresh)
    plan = distill.TrainingPlan(n_steps=40, batch_tokens=512, warmup=5, head_factor=20)
    distill.train(fresh, data, list(data.widths), plan, work / "other.pt", log=lambda _: None)
    assert loss(fresh) < before


def test_loss_is_zero_at_the_target():
    target = torch.nn.functional.normalize(torch.randn(7, 6), dim=1)
    assert distill.distillation_loss(target, target, [6], 1.0).item() == pytest.approx(0, abs=1e-5)


def test_batches_cover_every_row_once_within_the_budget():
    lengths = np.random.default_rng(0).integers(1, 40, 300).tolist()
    found = list(teacher.batches(lengths, 100))
    assert sorted(np.concatenate(found).tolist()) == list(range(300))
    assert all(len(rows) == 1 or len(rows) * max(lengths[i] for i in rows) <= 100 for rows in found)


def test_an_epoch_covers_every_text_once_and_half_of_its_batches_hold_one_topic(monkeypatch):
    monkeypatch.setattr(distill, "_POOL", 512)
    rng = np.random.default_rng(0)
    topic = rng.integers(4, size=1024)
    vectors = np.eye(4, 8)[topic] + 0.01 * rng.normal(size=(1024, 8))
    encoded = [[1] * n for n in rng.integers(3, 20, size=1024)]
    plan = distill.TrainingPlan(n_steps=1, batch_tokens=128, n_topics=4)
    batches = distill.epoch_batches(encoded, vectors, plan, 0)
    assert sorted(np.concatenate(batches)) == list(range(1024))
    of_one_topic = sum(len(rows) for rows in batches if len(set(topic[rows])) == 1)
    assert 512 <= of_one_topic < 700
    again = distill.epoch_batches(encoded, vectors, plan, 0)
    assert all(np.array_equal(a, b) for a, b in zip(batches, again, strict=True))


def test_teacher_vectors_are_the_means_of_one_text_at_a_time(tiny_teacher):
    from transformers import AutoTokenizer

    model, tokenizer = teacher.load_teacher(tiny_teacher), AutoTokenizer.from_pretrained(tiny_teacher)
    texts = sentences(6)
    together = teacher.encode(model, tokenizer, texts, layers=(3, 12))
    for text, vector in zip(texts, together, strict=True):
        ids = torch.tensor([tokenizer(teacher.PROMPT + text)["input_ids"]])
        with torch.no_grad():
            hidden = model(input_ids=ids, output_hidden_states=True).hidden_states
        expected = torch.cat([hidden[3].mean(1), hidden[12].mean(1)], 1)[0]
        np.testing.assert_allclose(vector, expected.numpy(), atol=1e-5)


def test_cut_trunk_gives_the_teachers_hidden_states_when_nothing_is_cut(tiny_teacher):
    model = teacher.load_teacher(tiny_teacher)
    kept = np.arange(model.config.vocab_size)
    trunk = student.trunk_from_teacher(model, kept, tuple(range(1, 13)), 256).eval()
    ids = torch.tensor([[0, 5, 9, 2]])
    with torch.no_grad():
        torch.testing.assert_close(trunk(ids).last_hidden_state, model(ids).last_hidden_state)


def test_pruned_feed_forward_keeps_the_neurons_that_matter(tiny_teacher):
    model = teacher.load_teacher(tiny_teacher)
    trunk = student.trunk_from_teacher(model, np.arange(model.config.vocab_size), (1, 2), 256).eval()
    for layer in trunk.encoder.layer:
        layer.output.dense.weight.data[:, 20:] = 0  # these 20 of 40 neurons do nothing
    ids, mask = torch.tensor([[0, 5, 9, 2]]), torch.ones(1, 4, dtype=torch.long)
    with torch.no_grad():
        before = trunk(ids, mask).last_hidden_state
        student.prune_feed_forward(trunk, 20, ids, mask)
        torch.testing.assert_close(trunk(ids, mask).last_hidden_state, before)
    assert trunk.config.intermediate_size == 20


def test_solved_head_recovers_a_linear_map(tiny_teacher):
    model = teacher.load_teacher(tiny_teacher)
    trunk = student.trunk_from_teacher(model, np.arange(model.config.vocab_size), (1,), 256)
    learner, pooled = student.Student(trunk, 3), torch.randn(500, 48)
    wanted = pooled @ torch.randn(48, 3) + 1
    student.solve_head(learner, pooled, wanted, ridge=1e-6)
    torch.testing.assert_close(learner.head(pooled), wanted, atol=1e-2, rtol=1e-2)


def test_calibration_centres_and_scales_a_block_and_keeps_its_angles(tiny_teacher):
    model = teacher.load_teacher(tiny_teacher)
    trunk = student.trunk_from_teacher(model, np.arange(model.config.vocab_size), (1,), 256)
    learner, pooled = student.Student(trunk, 10), torch.randn(500, 48) * torch.logspace(0, -2, 48)
    before = learner.head(pooled)[:, :6].detach()
    calibrate.calibrate(learner, pooled, [6, 4], (1.0, 1.0), (2.0, 0.1))
    after = learner.head(pooled).detach()
    np.testing.assert_allclose(after[:, :6].square().sum(1).mean().sqrt(), 2, atol=1e-2)
    np.testing.assert_allclose(after[:, 6:].square().sum(1).mean().sqrt(), 0.1, atol=1e-3)
    assert after.mean(0).abs().max() < 1e-5
    gram, turned = (before - before.mean(0)) @ (before - before.mean(0)).T, after[:, :6] @ after[:, :6].T
    torch.testing.assert_close(gram / gram.trace(), turned / turned.trace(), atol=1e-5, rtol=1e-3)


def test_block_has_unit_rows_when_no_direction_is_dropped():
    vectors = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32) + 5
    block = targets.fit_block(vectors, 8)
    rows = block(vectors) + block.centre @ block.directions
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_words_that_share_neighbours_have_similar_vectors():
    texts = sentences(400)
    words = word_vectors.fit_word_vectors(texts, n_dimensions=8, min_count=1)
    assert words.encode(["物流很快", ""]).shape == (2, 8)
    assert not words.encode([""]).any()
    assert words.encode(["物流很快"]).any()


def test_spaces_between_chinese_change_no_token(tiny_teacher):
    spec = vocabulary.read_tokenizer(tiny_teacher)
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(json.dumps(spec))
    assert tokenizer.encode("物流 很快 ， 包装 完好").ids == tokenizer.encode("物流很快，包装完好").ids
    assert tokenizer.encode("the phone").ids != tokenizer.encode("thephone").ids


def test_cut_tokenizer_numbers_its_pieces_from_zero(tiny_teacher):
    from tokenizers import Tokenizer

    spec = vocabulary.read_tokenizer(tiny_teacher)
    counts = vocabulary.count_pieces(spec, sentences(50))
    kept = vocabulary.choose_pieces(spec, counts, 100)
    tokenizer = Tokenizer.from_str(json.dumps(vocabulary.cut_tokenizer(spec, kept)))
    assert tokenizer.get_vocab_size() == len(kept) == 100
    encoding = tokenizer.encode("物流很快")
    assert encoding.tokens[0], encoding.tokens[-1] == ("<s>", "</s>")
    assert max(encoding.ids) < 100


def test_a_run_that_starts_from_a_checkpoint_keeps_its_pieces_and_goes_on_from_its_trunk(trained, tmp_path):
    from safetensors.torch import load_file

    arguments, work = trained
    more = ["--start-from", work / "out", "--work", tmp_path / "work", "--out", tmp_path / "out", "--steps", "1"]
    train.main([*arguments, *map(str, more), "--learning-rate", "1e-6"])
    before, after = (load_file(folder / "model.safetensors") for folder in (work / "out", tmp_path / "out"))
    assert (tmp_path / "out" / "tokenizer.json").read_text() == (work / "out" / "tokenizer.json").read_text()
    assert before.keys() == after.keys()
    for name, weight in before.items():
        torch.testing.assert_close(after[name], weight, atol=1e-3, rtol=1e-2)


def test_a_map_of_characters_changes_those_and_no_other():
    from tokenizers import normalizers

    rng = random.Random(0)
    keys = rng.sample(range(0x80, 0x20000), 600)
    rules = {
        chr(key): chr(rng.randrange(0x4E00, 0x9FFF)) * rng.randint(1, 3) for key in keys if not 0xD800 <= key < 0xE000
    }
    step = normalizers.Precompiled(readings.compile_map(rules))
    for code in {*keys, *range(0x80, 0x3000), *(key ^ 1 for key in keys)} - set(range(0xD800, 0xE000)):
        assert step.normalize_str(chr(code)) == rules.get(chr(code), chr(code))


def test_readings_are_written_into_a_folder_once(tiny_teacher, tmp_path):
    spec = vocabulary.read_tokenizer(tiny_teacher)
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(spec), encoding="utf-8")
    for _ in range(2):
        readings.main([str(tmp_path)])
        assert json.loads(path.read_text(encoding="utf-8")) == readings.add_readings(spec)
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    assert tokenizer.encode("電池耐用，發燙").ids == tokenizer.encode("电池耐用，发烫").ids
