"""Where the words of a text are, and what each weighs."""

from itertools import pairwise

import pytest

from sklearn_llmtokens.text import JiebaTokenizer


class TestWordSpans:
    def test_spans_are_the_words_in_their_places(self):
        text = " 我的手机，\r\n在 Beijing㐀很  棒😀"
        for mode in ("accurate", "search", "full"):
            spans = JiebaTokenizer(mode).word_spans(text)
            assert [text[start:stop] for start, stop, _ in spans] == JiebaTokenizer()(text)
            assert all(stop <= start for (_, stop, _), (start, _, _) in pairwise(spans))

    def test_repeated_words_keep_their_own_places(self):
        assert [span[:2] for span in JiebaTokenizer().word_spans("好 好 好")] == [(0, 1), (2, 3), (4, 5)]

    def test_weights_are_inverse_frequencies(self, judge):
        spans = JiebaTokenizer().word_spans("我喜欢石墨烯")
        expected = [1e-3 / (1e-3 + judge.FREQ[word] / judge.total) for word in ("我", "喜欢")]
        assert [weight for _, _, weight in spans[:2]] == pytest.approx(expected)
        assert 0 < spans[0][2] < spans[1][2] < spans[2][2] <= 1

    def test_stop_words_and_other_parts_of_speech_weigh_nothing(self):
        weights = [
            weight
            for _, _, weight in JiebaTokenizer(stop_words=["的", "the"], lowercase=True).word_spans("我的THE手机")
        ]
        assert [weight > 0 for weight in weights] == [True, False, False, True]
        text = "他来到了北京的大厦"
        spans = JiebaTokenizer(pos=["n*"]).word_spans(text)
        assert [text[start:stop] for start, stop, weight in spans if weight] == ["北京", "大厦"]
        assert spans[-1][1] == len(text)

    def test_punctuation_weighs_like_the_commonest_word_and_emoji_like_rare_ones(self):
        comma, emoji, commonest = (JiebaTokenizer().word_spans(text)[0][2] for text in ("，", "😀", "了"))
        assert comma == commonest < 0.1
        assert emoji > 0.99

    def test_user_frequencies_count(self):
        (_, _, rare), (_, _, common) = (
            JiebaTokenizer(user_dict=[("石墨烯", frequency)]).word_spans("石墨烯")[0] for frequency in (1, 10**6)
        )
        assert rare > 0.99
        assert common < 0.1

    def test_blank_text_has_none(self):
        assert JiebaTokenizer().word_spans("") == JiebaTokenizer().word_spans(" \n") == []
