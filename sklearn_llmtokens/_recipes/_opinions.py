"""Sentences that praise and blame: where opinions lie among the vectors of a language model, before there are labels.

With few labelled rows it is not known which of hundreds of features carry the classes. Praise and blame of the same
things differ in one direction, which can be computed without a label. Whether the classes have to do with it is for
leave-one-out to say.
"""

import numpy as np
from scipy import sparse

_PRAISE = {
    "zh": (
        "质量很好，非常满意",
        "味道不错，下次还会再来",
        "服务热情周到",
        "物美价廉，值得购买",
        "送货很快，包装完好",
        "环境干净舒适",
        "非常喜欢，推荐给大家",
        "性价比高，超出预期",
        "很实用，用着很顺手",
        "客服态度很好，解决问题及时",
        "房间宽敞，早餐丰富",
        "做工精细，面料舒服",
        "内容精彩，受益匪浅",
        "画面清晰，运行流畅",
        "新鲜好吃，分量足",
        "准时送达，点赞",
        "好评，五星",
        "效果明显，会回购",
        "正品，和描述一致",
        "体验非常棒",
    ),
    "en": (
        "Great quality, very satisfied.",
        "Tasty, we will come again.",
        "Friendly and helpful service.",
        "Cheap and good, worth buying.",
        "Fast delivery, well packed.",
        "Clean and comfortable.",
        "I love it and recommend it.",
        "Better than expected.",
        "Useful and easy to handle.",
        "Support solved my problem at once.",
        "Spacious room, rich breakfast.",
        "Well made, pleasant to wear.",
        "A gripping story, a joy to read.",
        "Sharp screen, runs smoothly.",
        "Fresh, and plenty of it.",
        "It arrived on time, thank you.",
        "Five stars.",
        "It works, I will buy it again.",
        "Genuine, just as described.",
        "A wonderful experience.",
    ),
}
_BLAME = {
    "zh": (
        "质量很差，非常失望",
        "味道难吃，再也不来了",
        "服务态度恶劣",
        "又贵又差，不值这个价",
        "送货太慢，包装破损",
        "环境又脏又吵",
        "很不喜欢，千万别买",
        "性价比低，上当了",
        "没用，用了几次就坏了",
        "客服不理人，问题没解决",
        "房间太小，隔音很差",
        "做工粗糙，面料扎人",
        "内容空洞，浪费时间",
        "屏幕模糊，经常死机",
        "不新鲜，分量太少",
        "迟到一个小时，差评",
        "差评，一星",
        "没有效果，要求退货",
        "假货，和描述不符",
        "体验非常糟糕",
    ),
    "en": (
        "Poor quality, very disappointed.",
        "Awful taste, never again.",
        "Rude and careless service.",
        "Overpriced and bad, not worth it.",
        "Slow delivery, the box was broken.",
        "Dirty and noisy.",
        "I hate it, do not buy it.",
        "Worse than expected.",
        "Useless, it broke after a few days.",
        "Support ignored my problem.",
        "Tiny room, miserable breakfast.",
        "Badly made, it scratches.",
        "A boring story, a waste of time.",
        "Blurred screen, it keeps crashing.",
        "Stale, and far too little.",
        "It arrived an hour late.",
        "One star.",
        "It does nothing, I want my money back.",
        "A fake, not as described.",
        "A terrible experience.",
    ),
}


def opinions(script: str) -> list[str]:
    """Return sentences that praise, and below them as many that blame the same things.

    Parameters
    ----------
    script : {"zh", "en"}
        Their script.

    Returns
    -------
    list of str
        The sentences.
    """
    return [*_PRAISE[script], *_BLAME[script]]


def direction_of_opinions(rows, columns: slice) -> np.ndarray:
    """Return the direction from blame to praise, of unit length.

    Parameters
    ----------
    rows : ndarray or sparse matrix of shape (n_sentences, n_features)
        Features of `opinions`.
    columns : slice
        The features that count; the direction has 0 in the others.

    Returns
    -------
    ndarray of shape (n_features, 1)
        The direction; zeros where praise and blame have the same mean.

    Examples
    --------
    >>> direction_of_opinions(np.array([[5.0, 1.0, 2.0], [7.0, 1.0, 0.0]]), slice(1, 3)).ravel()
    array([0., 0., 1.])
    """
    kept = rows[:, columns]
    kept = kept.toarray() if sparse.issparse(kept) else np.asarray(kept)
    half = len(kept) // 2
    difference = kept[:half].mean(0) - kept[half:].mean(0)
    direction = np.zeros((rows.shape[1], 1))
    direction[columns, 0] = difference / max(float(np.linalg.norm(difference)), 1e-12)
    return direction
