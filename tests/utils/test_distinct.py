"""Which texts are the same, whatever their hashes say."""

from hypothesis import given
from hypothesis import strategies as st

from sklearn_llmtokens._utils._distinct import distinct, first_places


@given(st.lists(st.text(max_size=2), max_size=20))
def test_distinct_gives_each_once_and_the_way_back(texts):
    once, inverse = distinct(texts)
    assert len(once) == len(set(once))
    assert [once[i] for i in inverse] == texts
    assert once == list(dict.fromkeys(texts))


class OfEqualHash(str):
    """A text whose hash is that of all others."""

    def __hash__(self):
        return 1


def test_texts_of_one_hash_are_distinguished():
    texts = [OfEqualHash(text) for text in "甲乙甲丙乙"]
    assert first_places(texts).tolist() == [0, 1, 0, 3, 1]
