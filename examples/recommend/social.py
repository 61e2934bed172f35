"""Recommendation of accounts to follow: accounts as items, follows as clicks, profiles as texts.

    python examples/recommend/social.py

The network is made up: 4 circles of 12 accounts, 300 people who follow mostly within one. Follows find the circle of
a known account; an account that nobody follows yet is found by what it says about itself.
"""

import numpy as np
from sklearn.model_selection import GroupKFold, cross_val_score

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens import recommend as rec

CIRCLES = {
    "running": ["马拉松爱好者，每周跑量六十公里", "越野跑教练，分享训练计划", "记录每天的晨跑和配速"],
    "cooking": ["家常菜和面点，周末做烘焙", "研究川菜的厨师，讲火候和刀工", "一个人的厨房，三十分钟晚餐"],
    "music": ["独立乐队吉他手，写歌排练", "古典钢琴老师，聊练琴和音乐会", "黑胶唱片收藏，每天一张专辑"],
    "code": ["后端工程师，写数据库和分布式系统", "开源作者，聊编程语言和编译器", "前端开发，分享网页性能优化"],
}
PLACES = ["北京", "上海", "成都", "广州"]


def make_network(n_people=300):
    generator = np.random.default_rng(0)
    accounts = [(f"@{name}{i}", f"{PLACES[i % 4]}，{bios[i % 3]}") for name, bios in CIRCLES.items() for i in range(12)]
    popularity = np.tile(1 / np.arange(1, 13), 4)
    follows = []
    for person in range(n_people):
        weight = popularity * np.where(np.arange(48) // 12 == person % 4, 1.0, 0.05)
        chosen = generator.choice(48, size=generator.integers(4, 9), replace=False, p=weight / weight.sum())
        follows.append([accounts[i][0] for i in chosen])
    return accounts, follows


def main():
    accounts, follows = make_network()
    catalog = rec.Catalog(*zip(*accounts, strict=True))
    X, y = [row[:-1] for row in follows], [row[-1] for row in follows]
    content = rec.ContentRecommender(catalog, embedder=LLMTokenEmbedder())
    both = rec.HybridRecommender([("follows", rec.EASERecommender(catalog)), ("profiles", content)])
    results = {}
    for name, model in (("popular", rec.PopularityRecommender(catalog)), ("profiles", content), ("both", both)):
        scores = cross_val_score(
            model, X, y, groups=range(len(X)), cv=GroupKFold(3), scoring=rec.make_top_k_scorer("recall", k=5)
        )
        results[name] = scores.mean()
        print(f"{name:9} HR@5: {results[name]:.2f}")

    # Nobody follows a new account: profiles alone can place it.
    content.fit(X, y).add_items(["@new"], ["深圳，刚开始跑马拉松，分享训练和配速"])
    lists = content.recommend([["@running0", "@running4"], ["@code1", "@code5"]], k=49)
    results["runner"], results["coder"] = (row.tolist().index("@new") + 1 for row in lists)
    print(f"place of a new runner's account: {results['runner']} for a runner, {results['coder']} for a coder")
    return results


if __name__ == "__main__":
    main()
