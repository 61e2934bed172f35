"""Texts on which cutters differ, and strategies that make more of them."""

from hypothesis import strategies as st

TRICKY = [
    "",
    " ",
    "\r\n",
    "　 \t\u2028\x85",
    "我来到北京清华大学",
    "小明硕士毕业于中国科学院计算所，后在日本京都大学深造",
    "等2-6天发货，1.5kg，WAP1.2.1，2017.1.16买的",
    "a.b_c+d@x-y.com.cn和https://t.cn/zjKqa2U?x=1&y=%20",
    "Wi-Fi、Type-C、F50-15WA1 check-in",
    "C++ c# AT&T T恤 B超 4S店 AA制 IP地址",
    "差差差差评，哈哈哈哈哈哈，好好好好好好好",
    "不不不不要要要",
    "鷲鷲鷲龘龘靐齉齾爩",
    "㐀㐁中国㐂人\U00020000好\U0002a700",
    "龦鿖鿿中文\uf900豈",
    "中\u3000国\xa0人\u200b民\ufeff大 \r\n 会\r堂\n\n",
    "\ufdd0\ufdd1中国\ufdefa\ue000",
    "e\u0301te\u0301 café naïve ﬁ ＡＢＣ１２３，％",
    "👍🏽好👨‍👩‍👧‍👦🇨🇳1️⃣",
    "…—《》『』？！?!~`@$^*()=|\\/<>[]{}'\"",
    "--..__%%&&##++",
    "100%纯棉50%off3.14.15%",
    "\x00中\x01国\x1f人\x1c民",
    "مرحبا שלום 한국어 にほんご カタカナ",
    "乒乓球拍卖完了结婚的和尚未结婚的",
    "工信处女干事每月经过下属科室都要亲口交代24口交换机等技术性器件的安装工作",
]

_WORDS = """
的 了 是 我们 北京 清华大学 中国科学院 计算所 杭研 网易 大厦 T恤 4S店 AA制 C++ 质量 快递 很快 不错 喜欢
结婚 尚未 和尚 了解 一个 叛徒 中出 乒乓球 拍卖 球拍 石墨烯 云计算 李小福 创新办 台中 凱特琳
后来 哈哈 哈哈哈 差评 好好 研究生 生命 起源
"""
_CHARACTERS = st.one_of(
    st.sampled_from(
        "的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天"
    ),
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF),
    st.characters(min_codepoint=0x3400, max_codepoint=0x4DBF),
    st.sampled_from("\uf900\ufaff\U00020000\U0002a6d6\U0002f800\U0002ebef\U00030000"),
    st.sampled_from("+#&._%-"),
    st.sampled_from("abcXYZ0123456789"),
    st.sampled_from(" \t\n\r\x0b\x1c\x85\xa0\u2003\u3000"),
    st.sampled_from("，。！？、；：“”（）…—·￥＃ＡＢ１"),
    st.sampled_from("😀👍🏽\u200d\ufe0f❤🇨🇳\u0301\u20e3\u200b\ufeff\ufdd0\ufdd1\ufdef\ue000"),
    st.characters(exclude_categories=["Cs"]),
)
mixed_texts = st.lists(st.one_of(st.sampled_from(_WORDS.split()), _CHARACTERS, st.just("\r\n")), max_size=40).map(
    "".join
)
repeating_texts = st.lists(st.tuples(st.sampled_from("哈好差的不鷲龘一二a1-."), st.integers(1, 6)), max_size=12).map(
    lambda runs: "".join(char * n for char, n in runs)
)
texts = st.one_of(mixed_texts, repeating_texts)

user_entries = st.lists(
    st.tuples(
        st.one_of(
            st.sampled_from(
                [
                    "云计算",
                    "差差",
                    "哈哈哈",
                    "鷲龘",
                    "iPhone",
                    "5G",
                    "ab",
                    "a1",
                    "a",
                    "1",
                    "Type-C",
                    "C语言",
                    "b-",
                    "好",
                    "的不",
                ]
            ),
            st.text("哈好差的不鷲一二a1b-.", min_size=1, max_size=4),
        ),
        st.one_of(st.none(), st.integers(1, 10**7)),
        st.sampled_from([None, "n", "zz"]),
    ),
    min_size=1,
    max_size=5,
)
