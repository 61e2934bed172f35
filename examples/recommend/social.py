"""
Accounts to follow
==================

Accounts are items, follows are clicks, profiles are texts. The network is made up: 4 circles of 12 accounts, 300 people
who follow mostly within one. Follows find the circle of a known account; an account that nobody follows yet is found by
what it says about itself.
"""

import numpy as np
from matplotlib import pyplot as plt
from sklearn.model_selection import GroupKFold, cross_val_score

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens import recommend as rec

# %%
# A network
# ---------
circles = {
    "running": ["马拉松爱好者，每周跑量六十公里", "越野跑教练，分享训练计划", "记录每天的晨跑和配速"],
    "cooking": ["家常菜和面点，周末做烘焙", "研究川菜的厨师，讲火候和刀工", "一个人的厨房，三十分钟晚餐"],
    "music": ["独立乐队吉他手，写歌排练", "古典钢琴老师，聊练琴和音乐会", "黑胶唱片收藏，每天一张专辑"],
    "code": ["后端工程师，写数据库和分布式系统", "开源作者，聊编程语言和编译器", "前端开发，分享网页性能优化"],
}
places = ["北京", "上海", "成都", "广州"]
accounts = [(f"@{name}{i}", f"{places[i % 4]}，{bios[i % 3]}") for name, bios in circles.items() for i in range(12)]
generator = np.random.default_rng(0)
popularity = np.tile(1 / np.arange(1, 13), 4)
follows = []
for person in range(300):
    weight = popularity * np.where(np.arange(48) // 12 == person % 4, 1.0, 0.05)
    chosen = generator.choice(48, size=generator.integers(4, 9), replace=False, p=weight / weight.sum())
    follows.append([accounts[i][0] for i in chosen])
print(accounts[0], follows[0])

# %%
# Profiles and follows
# --------------------
catalog = rec.Catalog(*zip(*accounts, strict=True))
X, y = [row[:-1] for row in follows], [row[-1] for row in follows]
profiles = rec.ContentRecommender(catalog, embedder=LLMTokenEmbedder())
models = {
    "popular": rec.PopularityRecommender(catalog),
    "profiles": profiles,
    "both": rec.HybridRecommender([("follows", rec.EASERecommender(catalog)), ("profiles", profiles)]),
}
scorer = rec.make_top_k_scorer("recall", k=5)
hit_rates = {}
for name, model in models.items():
    hit_rates[name] = cross_val_score(model, X, y, groups=range(len(X)), cv=GroupKFold(3), scoring=scorer).mean()
    print(f"{name:9} HR@5: {hit_rates[name]:.2f}")

figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
axes.barh(list(hit_rates), list(hit_rates.values()), color="tab:blue")
axes.set(xlabel="HR@5", title="Who is followed next")
axes.invert_yaxis()
plt.show()

# %%
# A new account
# -------------
# Nobody follows it: profiles alone can place it.
profiles.fit(X, y).add_items(["@new"], ["深圳，刚开始跑马拉松，分享训练和配速"])
lists = profiles.recommend([["@running0", "@running4"], ["@code1", "@code5"]], k=49)
runner, coder = (row.tolist().index("@new") + 1 for row in lists)
print(f"place of a new runner's account: {runner} for a runner, {coder} for a coder")
