"""Train `zh-mini`: text and a teacher in, a checkpoint folder out.

Every stage keeps what it made in the work folder and is skipped, or gone on with, when that is there. `distill` reads
the teacher's vectors that exist when an epoch starts, so that it can run beside `teacher`; under `torchrun` its
processes share the work.
"""

from __future__ import annotations

import argparse
import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

from . import corpus, teacher, vocabulary
from .calibrate import calibrate
from .distill import TrainingPlan, train
from .epoch_data import MAX_LENGTH, EpochData, read_json, text_encoder
from .export import export
from .readings import add_readings
from .student import (
    Student,
    pooled_vectors,
    prune_feed_forward,
    solve_head,
    trunk_from_checkpoint,
    trunk_from_teacher,
)
from .word_vectors import fit_word_vectors

STAGES = ("text", "words", "teacher", "distill", "export")
TEACHER_LAYERS = (10, 12)
N_POSITIONS = 256
SAMPLE = 4096  # texts for the solved head, and for the calibration
POWERS = (1.2, 0.5, 1.2)  # of the blocks, see calibrate
SCALES = (0.1, 1.0, 0.1)
ENGLISH_WEIGHT = 10  # English is a twentieth of the text; its pieces must not lose every comparison of counts


@dataclass(frozen=True)
class Shape:
    """The student's sizes: the teacher's layers it starts from, its vocabulary, and the widths of its blocks."""

    layers: tuple[int, ...] = (1, 2, 5, 9)
    n_neurons: int = 1024
    n_pieces: int = 20_000
    block_widths: tuple[int, ...] = (192, 256, 192)  # the teacher's layers 10 and 12, the words


def main(argv=None):
    """Run the stages that were asked for."""
    args = _parser().parse_args(argv)
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    if "RANK" in os.environ:
        dist.init_process_group("nccl" if args.device.startswith("cuda") else "gloo")
    args.work.mkdir(parents=True, exist_ok=True)
    for stage in args.stages:
        {"text": run_text, "words": run_words, "teacher": run_teacher, "distill": run_distill, "export": run_export}[
            stage
        ](args)


def run_text(args):
    """Choose the sentences and the vocabulary."""
    if (args.work / "texts-zh.json").exists():
        return
    held_out = {line for path in args.held_out for line in corpus.read_lines(path)}
    texts = [line for path in args.text for line in corpus.read_lines(path) if line not in held_out]
    english = [line for path in args.english for line in corpus.read_lines(path) if line not in held_out]
    spec = vocabulary.read_tokenizer(args.teacher)
    lengths = vocabulary.piece_lengths(spec, texts)
    _write_json(
        args.work / "texts-zh.json", corpus.choose_texts(texts, lengths, rare_topics=args.rare_topic, seed=args.seed)
    )
    _write_json(args.work / "texts-en.json", corpus.shuffle(english, args.seed))
    _write_json(args.work / "words-text.json", texts)
    if args.start_from is None:
        counts = vocabulary.count_pieces(spec, texts) + ENGLISH_WEIGHT * vocabulary.count_pieces(spec, english)
        kept = vocabulary.choose_pieces(spec, counts, args.n_pieces)
        np.save(args.work / "kept.npy", kept)
        _write_json(args.work / "tokenizer.json", add_readings(vocabulary.cut_tokenizer(spec, kept)))
    else:
        _write_json(args.work / "tokenizer.json", read_json(args.start_from / "tokenizer.json"))


def run_words(args):
    """Factorise the neighbours of jieba words, over all the text that is not held out."""
    if not (args.work / "words.npz").exists():
        fit_word_vectors(read_json(args.work / "words-text.json"), seed=args.seed).save(args.work / "words.npz")


def run_teacher(args):
    """Write the teacher's vectors of both languages."""
    for language, max_shards in (("en", args.english_shards), ("zh", args.chinese_shards)):
        texts = read_json(args.work / f"texts-{language}.json")
        folder = args.work / f"vectors-{language}"
        teacher.write_vectors(
            args.teacher,
            texts,
            folder,
            layers=TEACHER_LAYERS,
            max_length=MAX_LENGTH,
            device=args.device,
            max_shards=max_shards,
        )


def run_distill(args):
    """Train the student on what the teacher has written."""
    shape = Shape(n_pieces=args.n_pieces)
    data = EpochData(args.work, shape.block_widths)
    _write_json(args.work / "widths.json", data.widths)
    started = (args.work / "state.pt").exists()
    student = _empty_student(args, shape, sum(data.widths)) if started else _new_student(args, shape, data)
    plan = TrainingPlan(n_steps=args.steps, minutes=args.minutes, learning_rate=args.learning_rate, seed=args.seed)
    train(student, data, list(data.widths), plan, args.work / "state.pt", device=args.device)


def run_export(args):
    """Calibrate the head of the last saved state and write the checkpoint folder."""
    state = torch.load(args.work / "state.pt", weights_only=True, map_location="cpu")["student"]
    student = _empty_student(args, Shape(n_pieces=args.n_pieces), len(state["head.bias"]))
    student.load_state_dict(state)
    texts = read_json(args.work / "texts-zh.json")[:SAMPLE]
    pooled = pooled_vectors(student.trunk, text_encoder(args.work)(texts))
    calibrate(student, pooled, read_json(args.work / "widths.json"), POWERS, SCALES, args.seed)
    export(student, read_json(args.work / "tokenizer.json"), args.out)


def _new_student(args, shape, data):
    """The teacher's layers, thinned, or the trunk of `--start-from`, with a head that is solved on the first texts."""
    token_ids, targets = (part[:SAMPLE] for part in data(0))
    if args.start_from is None:
        source = teacher.load_teacher(args.teacher)
        trunk = trunk_from_teacher(source, np.load(args.work / "kept.npy"), shape.layers, N_POSITIONS)
        prune_feed_forward(trunk, shape.n_neurons, *teacher.pad(token_ids[:128], trunk.config.pad_token_id))
    else:
        trunk = trunk_from_checkpoint(args.start_from)
    student = Student(trunk, sum(data.widths))
    solve_head(student, pooled_vectors(trunk, token_ids), torch.from_numpy(targets.astype(np.float32)))
    return student


def _empty_student(args, shape, n_outputs):
    if args.start_from is not None:
        return Student(trunk_from_checkpoint(args.start_from), n_outputs).eval()
    source = teacher.load_teacher(args.teacher)
    trunk = trunk_from_teacher(source, np.load(args.work / "kept.npy"), shape.layers, N_POSITIONS)
    one = torch.ones(1, 1, dtype=torch.long)
    prune_feed_forward(trunk, shape.n_neurons, one, one)
    return Student(trunk, n_outputs).eval()


def _parser():
    parser = argparse.ArgumentParser(prog="python -m tools.train_zh_mini", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--teacher",
        type=Path,
        required=True,
        help="folder of multilingual-e5-small, or of another BERT with a unigram tokenizer",
    )
    parser.add_argument(
        "--text", type=Path, nargs="+", default=[], help="Chinese text, a sentence a line (.txt or .xz)"
    )
    parser.add_argument("--english", type=Path, nargs="*", default=[], help="English text, a sentence a line")
    parser.add_argument(
        "--held-out", type=Path, nargs="*", default=[], help="texts that must not be trained on, one a line"
    )
    parser.add_argument(
        "--rare-topic",
        nargs="*",
        default=[],
        help="words of topics to thin out, because they fill too much of the text",
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for what the stages keep; a few hundred MB")
    parser.add_argument("--out", type=Path, required=True, help="the checkpoint folder to write")
    parser.add_argument(
        "--start-from",
        type=Path,
        help="a checkpoint folder that this program wrote: go on from its trunk and pieces, not from the teacher's",
    )
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="end the training after so many minutes, if --steps does not"
    )
    parser.add_argument(
        "--learning-rate", type=float, default=TrainingPlan.learning_rate, help="its peak, of the trunk"
    )
    parser.add_argument("--n-pieces", type=int, default=20_000)
    parser.add_argument(
        "--chinese-shards", type=int, default=40, help="shards of 4,096 Chinese sentences to give the teacher"
    )
    parser.add_argument("--english-shards", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser


def _write_json(path, content):
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
