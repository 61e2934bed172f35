"""After training: the head is rotated and scaled, for the estimators that follow it in scikit-learn.

StandardScaler, which users put behind any features, gives each output the same variance. Were the outputs principal
directions, it would blow up the weak, noisy ones; after a random rotation inside a block each output mixes them all,
and their proportions survive. Between blocks the scaler makes all alike, and so only the scale that cosines see is
free: the block of the teacher's last layer, which was trained for similarity, leads. All of it is linear, and so part
of the head.
"""

from __future__ import annotations

import numpy as np
import torch


@torch.no_grad()
def calibrate(student, pooled, block_widths, powers, scales, seed=0):
    """Replace the head of `student` by its centred, rotated and scaled self.

    Parameters
    ----------
    student : Student
    pooled : Tensor of shape (n_texts, 2 * hidden_size)
        The trunk's pooled vectors of a sample of texts.
    block_widths : sequence of int
    powers : sequence of float
        A principal direction with standard deviation s gets s ** power; 1 leaves it as it is, 0 would whiten.
    scales : sequence of float
        Root mean square length of each block's vectors afterwards.
    """
    weight, bias = student.head.weight.double(), student.head.bias.double()
    outputs = pooled.double() @ weight.T + bias
    rng = np.random.default_rng(seed)
    new_weight, new_bias, start = [], [], 0
    for width, power, scale in zip(block_widths, powers, scales, strict=True):
        part = slice(start, start + width)
        turn, mean = _turn(outputs[:, part], power, scale, rng)
        new_weight.append(turn @ weight[part])
        new_bias.append(turn @ (bias[part] - mean))
        start += width
    head = torch.nn.Linear(weight.shape[1], sum(map(len, new_bias)))
    head.weight.copy_(torch.cat(new_weight))
    head.bias.copy_(torch.cat(new_bias))
    student.head = head


def _turn(outputs, power, scale, rng):
    """Return the matrix (width, width) and the mean that turn one block's outputs."""
    mean = outputs.mean(0)
    variance, directions = torch.linalg.eigh(torch.cov((outputs - mean).T))
    deviation = variance.clamp(min=1e-12).sqrt()
    stretch = deviation ** (power - 1)
    stretch = stretch * scale / ((deviation * stretch) ** 2).sum().sqrt()
    rotation = torch.from_numpy(np.linalg.qr(rng.normal(size=(len(mean), len(mean))))[0])
    return rotation @ (directions * stretch).T, mean
