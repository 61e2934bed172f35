"""
Explained reviews
=================

Which words of a review made the prediction? ``explain_text`` computes what each word adds to the score of a class. A
review whose prediction is wrong shows what the model did not understand.
"""

import numpy as np
from matplotlib import pyplot as plt

from sklearn_llmtokens import text_pipeline
from sklearn_llmtokens.datasets import load_toy_reviews
from sklearn_llmtokens.inspection import explain_text
from sklearn_llmtokens.plotting import TokenContributionDisplay

# %%
# A model of good and bad
# -----------------------
# Of 592 bundled reviews, the last third are not seen in training.
reviews = load_toy_reviews()
texts = np.array(reviews.data, dtype=object)
sentiment = np.array(["bad", "good"])[reviews.sentiment]
is_test = np.arange(len(texts)) % 3 == 2
model = text_pipeline(embedder="zh-nano").fit(texts[~is_test], sentiment[~is_test])
predicted = model.predict(texts[is_test])
print(f"accuracy on {is_test.sum()} other reviews: {model.score(texts[is_test], sentiment[is_test]):.2f}")

# %%
# One that is right
# -----------------
# Contributions and the remainder add up to the decision function: above 0 is good, below 0 is bad. Of the reviews in
# Chinese, this is the one of which the model is most certain.
scores = model.decision_function(texts[is_test])
is_right = (predicted == sentiment[is_test]) & (reviews.language[is_test] == "zh")
right = texts[is_test][is_right][np.abs(scores[is_right]).argmax()]
(reason,) = explain_text(model, [right])
for i in np.argsort(-np.abs(reason.contributions[:, 0]), kind="stable")[:3]:
    print(f"{reason.contributions[i, 0]:+.2f}  {reason.words[i]}")
gap = reason.contributions.sum() + reason.remainder[0] - model.decision_function([right])[0]
print(f"sum of the contributions and the remainder, less the score: {gap:.0e}")
TokenContributionDisplay.from_explanation(reason)
plt.show()

# %%
# One that is wrong
# -----------------
# The error of which the model is most certain: a shopkeeper would read it, and see which words misled the model.
is_wrong = (predicted != sentiment[is_test]) & (reviews.language[is_test] == "zh")
row = np.flatnonzero(is_wrong)[np.abs(scores[is_wrong]).argmax()]
wrong = texts[is_test][row]
(error,) = explain_text(model, [wrong])
print(f"{wrong}\nis {sentiment[is_test][row]}, predicted: {predicted[row]}")
sign = 1 if predicted[row] == "good" else -1
misleading = [error.words[i] for i in np.argsort(-sign * error.contributions[:, 0], kind="stable")[:3]]
print("words that speak most for the prediction:", *misleading)
TokenContributionDisplay.from_explanation(error, kind="bars")
plt.show()

# %%
# What it is about
# ----------------
# Of several classes, each has a score of its own. The same word speaks for one class and against another: here the
# class that was predicted, and the one that came second.
subjects = np.array(reviews.target_names)[reviews.target]
topics = text_pipeline(embedder="zh-nano").fit(texts[~is_test], subjects[~is_test])
(topic,) = explain_text(topics, [right])
first, second = np.argsort(-topic.scores, kind="stable")[:2]
figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for ax, k in zip(axes, (first, second), strict=True):
    TokenContributionDisplay.from_explanation(topic, topic.outputs[k], kind="bars", n_words=8, ax=ax)
plt.show()
