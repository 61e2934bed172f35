"""The training loop: the student's vectors, and their similarities inside a batch, are fitted to the target blocks.

The loop saves its whole state every few minutes and goes on from there. Each epoch asks for the texts anew, so that it
can run while the teacher is still writing vectors. Several processes share the work when torch.distributed is
initialised: each takes its own batches, the gradients are averaged.
"""

from __future__ import annotations

import json
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from sklearn.cluster import MiniBatchKMeans
from torch.nn import functional as F

from .teacher import batches, pad

_POOL = 8192  # texts among which batches are put together


@dataclass(frozen=True)
class TrainingPlan:
    """What decides the course of a run; it ends after `n_steps` or `minutes` of training, whichever comes first.

    The rate of the head is `head_factor` times that of the trunk.
    """

    n_steps: int
    minutes: float = math.inf
    batch_tokens: int = 2048
    learning_rate: float = 5e-4
    head_factor: float = 4.0
    warmup: int = 100
    weight_decay: float = 0.01
    similarity_weight: float = 1.0
    n_topics: int = 16
    seed: int = 0
    save_every_seconds: float = 180.0


def train(student, epoch_data, block_widths, plan, state_path, *, device="cpu", log=print):
    """Train `student` in place to the end of the plan, going on from `state_path` when it exists.

    Parameters
    ----------
    student : Student
    epoch_data : callable
        `epoch_data(epoch)` gives the token ids (a list of lists) and the targets (an array) of an epoch.
    block_widths : list of int
        Widths of the blocks of a target, each from another teacher; every block has the same weight in the loss.
    plan : TrainingPlan
    state_path : path
        Where weights, optimiser and position are kept.
    """
    student.to(device).train()
    pad_id = student.trunk.config.pad_token_id
    optimizer = _optimizer(student, plan)
    position = _resume(state_path, student, optimizer)
    rank, world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    clock = saved = time.monotonic()
    losses = []
    progress = _progress(position, plan)
    while progress < 1:
        encoded, targets = epoch_data(position["epoch"])
        for rows in epoch_batches(encoded, targets, plan, position["epoch"])[rank::world][position["batch"] :]:
            _set_learning_rates(optimizer, plan, position["step"], progress)
            token_ids, mask = pad([encoded[i] for i in rows], pad_id, device)
            target = torch.from_numpy(np.asarray(targets[rows], np.float32)).to(device)
            loss = distillation_loss(student(token_ids, mask), target, block_widths, plan.similarity_weight)
            _update(student, optimizer, loss)
            losses.append(loss.item())
            now = time.monotonic()
            position = _advance(position, now - clock)
            clock = now
            if rank == 0 and position["step"] % 50 == 0:
                log(json.dumps({**position, "loss": round(float(np.mean(losses[-50:])), 4)}))
            if rank == 0 and now - saved > plan.save_every_seconds:
                _save(state_path, student, optimizer, position)
                saved = now
            progress = _progress(position, plan)  # once a step on every process: it is a collective call
            if progress >= 1:
                break
        else:
            position = {**position, "epoch": position["epoch"] + 1, "batch": 0}
    if rank == 0:
        _save(state_path, student, optimizer, position)
    return student.eval()


def distillation_loss(vectors, target, block_widths, similarity_weight):
    """Return the mean over the blocks of three terms, a number.

    They are the squared error of a row, 1 - cosine of a row, and the squared error of the similarities of all pairs of
    rows (times the root of the number of rows: most pairs are unlike and easy).
    """
    total = vectors.new_zeros(())
    for ours, theirs in zip(vectors.split(block_widths, 1), target.split(block_widths, 1), strict=True):
        total = total + (ours - theirs).square().sum(1).mean()
        ours, theirs = F.normalize(ours, dim=1), F.normalize(theirs, dim=1)
        total = total + (1 - (ours * theirs).sum(1)).mean()
        total = total + similarity_weight * len(ours) ** 0.5 * (ours @ ours.T - theirs @ theirs.T).square().mean()
    return total / len(block_widths)


def _optimizer(student, plan):
    groups = [
        {"params": list(student.trunk.parameters()), "peak": plan.learning_rate},
        {"params": list(student.head.parameters()), "peak": plan.head_factor * plan.learning_rate},
    ]
    return torch.optim.AdamW(
        groups, lr=plan.learning_rate, betas=(0.9, 0.98), weight_decay=plan.weight_decay, fused=True
    )


def _progress(position, plan):
    """How much of the plan is done, from 0 to 1 and beyond; the first process's clock counts for all."""
    progress = max(position["step"] / plan.n_steps, position["seconds"] / 60 / plan.minutes)
    if dist.is_initialized():
        shared = torch.tensor(progress, dtype=torch.float64)
        dist.broadcast(shared, 0)
        progress = shared.item()
    return progress


def _advance(position, seconds):
    step, batch = position["step"] + 1, position["batch"] + 1
    return {**position, "step": step, "batch": batch, "seconds": round(position["seconds"] + seconds, 3)}


def _set_learning_rates(optimizer, plan, step, progress):
    """Linear warm-up, then half a cosine down to 2% of the peak."""
    decay = 0.02 + 0.98 * (1 + math.cos(math.pi * progress)) / 2
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * min(1.0, (step + 1) / plan.warmup) * decay


def _update(student, optimizer, loss):
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    if dist.is_initialized():
        _average_gradients(student)
    torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
    optimizer.step()


def _average_gradients(student):
    gradients = [parameter.grad for parameter in student.parameters() if parameter.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    for gradient, part in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


def epoch_batches(encoded, targets, plan, epoch):
    """Cut an epoch into batches of similar lengths, from shuffled pools, so that epochs differ; in random order.

    In every other pool a batch holds texts of one topic: unrelated texts do not teach how similar texts differ.

    Parameters
    ----------
    encoded : list of list of int
        Token ids.
    targets : ndarray of shape (n_texts, n_features)
        What the texts shall become; topics are clusters of it.
    plan : TrainingPlan
    epoch : int

    Returns
    -------
    list of ndarray of int
        Row numbers, a batch each.
    """
    rng = np.random.default_rng([plan.seed, epoch])
    shuffled = rng.permutation(len(encoded))
    pools = [shuffled[i : i + _POOL] for i in range(0, len(shuffled), _POOL)]
    groups = [
        group for k, pool in enumerate(pools) for group in (_topics(pool, targets, plan) if (k + epoch) % 2 else [pool])
    ]
    found = [group[rows] for group in groups for rows in batches([len(encoded[i]) for i in group], plan.batch_tokens)]
    return [found[i] for i in rng.permutation(len(found))]


def _topics(pool, targets, plan):
    n_topics = min(plan.n_topics, len(pool))
    labels = MiniBatchKMeans(n_topics, n_init=1, random_state=plan.seed).fit_predict(targets[pool].astype(np.float32))
    return [pool[labels == topic] for topic in range(n_topics) if (labels == topic).any()]


def _save(path, student, optimizer, position):
    partial = Path(path).with_suffix(".partial")
    torch.save({"student": student.state_dict(), "optimizer": optimizer.state_dict(), "position": position}, partial)
    os.replace(partial, path)


def _resume(path, student, optimizer):
    if not Path(path).exists():
        return {"step": 0, "epoch": 0, "batch": 0, "seconds": 0.0}
    state = torch.load(path, weights_only=True, map_location=next(student.parameters()).device)
    student.load_state_dict(state["student"])
    peaks = [group["peak"] for group in optimizer.param_groups]
    optimizer.load_state_dict(state["optimizer"])
    for group, peak in zip(optimizer.param_groups, peaks, strict=True):
        group["peak"] = peak
    return state["position"]
