"""The fetchers of labelled texts, on small files of the tests' own making in the format of the public ones."""

import io
import json
import zipfile

import numpy as np
import pytest

from sklearn_llmtokens import datasets
from sklearn_llmtokens.datasets import (
    fetch_banking77,
    fetch_csldcp,
    fetch_eprstmt,
    fetch_iflytek,
    fetch_sentence_pairs,
    fetch_shopping_reviews,
    fetch_sighan2005,
    fetch_thucnews,
    fetch_tnews,
)


def zipped(name, content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def json_lines(*rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


SHOP = (
    "\ufeffcat,label,review\n"
    '书籍,1,"\ufeff好书，""值得""一读"\n'
    "酒店,0,太吵\n"
    "热水器,1,\n"
    "水果,1,一般\n"
    "水果,0,一般\n"
    '衣服,0,"两行\n字"\n'
)


@pytest.fixture
def shop(publish):
    return publish("text/online_shopping_10_cats.zip", zipped("online_shopping_10_cats.csv", SHOP))


def test_shopping_reviews_without_marks_and_empty_texts(shop):
    reviews = fetch_shopping_reviews()
    assert reviews.data.tolist() == ['好书，"值得"一读', "太吵", "一般", "一般", "两行\n字"]
    assert [reviews.target_names[i] for i in reviews.target] == ["书籍", "酒店", "水果", "水果", "衣服"]
    np.testing.assert_array_equal(reviews.target, reviews.category)
    assert reviews.sentiment.tolist() == [1, 0, 1, 0, 0]


def test_shopping_empty_review_is_kept_as_an_empty_string(shop):
    X, y = fetch_shopping_reviews(empty="keep", target="sentiment", return_X_y=True)
    assert X[2] == ""
    assert y.tolist() == [1, 0, 1, 1, 0, 0]


@pytest.mark.parametrize(("duplicates", "n_left"), [("keep", 2), ("first", 1), ("drop", 0)])
def test_shopping_contradicting_duplicates(shop, duplicates, n_left):
    reviews = fetch_shopping_reviews(duplicates=duplicates)
    assert reviews.data.tolist().count("一般") == n_left
    assert reviews.sentiment[reviews.data == "一般"].tolist() == [1, 0][:n_left]


def test_shopping_as_frame(shop):
    pytest.importorskip("pandas")
    frame = fetch_shopping_reviews(as_frame=True).frame
    assert list(frame.columns) == ["text", "category", "sentiment", "target"]
    assert frame.shape == (5, 4)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (zipped("a.csv", "label,review\n1,x\n"), r"columns are \['label', 'review'\]"),
        (zipped("a.txt", "label,review\n1,x\n"), r"has 0 files \.csv"),
        (zipped("a.csv", ""), "StopIteration"),
        (zipped("a.csv", "cat,label,review\nx\n"), "ValueError"),
        (zipped("a.csv", b"\xff\xff"), "UnicodeDecodeError"),
        (b"", "BadZipFile"),
        (zipped("a.csv", SHOP)[:-5], "BadZipFile"),
    ],
)
def test_shopping_bad_archive_is_an_oserror_and_is_removed(publish, home, content, message):
    publish("text/online_shopping_10_cats.zip", content)
    with pytest.raises(OSError, match=rf"10_cats\.zip is damaged .*{message}.*it was removed: fetch it again$"):
        fetch_shopping_reviews()
    assert not (home / "text/online_shopping_10_cats.zip").exists()


@pytest.mark.parametrize("option", [{"target": "cat"}, {"empty": True}, {"duplicates": "last"}])
def test_shopping_unknown_option_is_refused_before_anything_is_fetched(home, site, option):
    with pytest.raises(ValueError, match=r"is not known; choose one of"):
        fetch_shopping_reviews(**option)
    assert site.requests == []


TNEWS_TRAIN = json_lines(
    {"label": 101, "label_desc": "news_culture", "sentence": "古琴", "keywords": "琴", "id": 1},
    {"label": 100, "label_desc": "news_story", "sentence": "往事", "keywords": "", "id": 2},
)
TNEWS_TEST = json_lines({"label": 101, "label_desc": "news_culture", "sentence": "茶", "keywords": "", "id": 3})


@pytest.fixture
def tnews(publish):
    publish("text/tnews_train_few_all.json", TNEWS_TRAIN)
    publish("text/tnews_test_public.json", TNEWS_TEST)
    publish("text/tnews_unlabeled.json", json_lines({"sentence": "无题", "keywords": "题", "id": 4}))


def test_tnews_classes_are_in_the_order_of_their_numbers_in_every_subset(tnews):
    train, test, both = (fetch_tnews(subset=subset) for subset in ("train", "test", "all"))
    assert train.target_names == test.target_names == both.target_names == ["news_story", "news_culture"]
    assert train.target.tolist() == [1, 0]
    assert test.target.tolist() == [1]
    assert both.data.tolist() == ["古琴", "往事", "茶"]
    assert both.keywords.tolist() == ["琴", "", ""]


def test_tnews_unlabelled_texts_have_no_target(tnews):
    bunch = fetch_tnews(subset="unlabeled")
    assert bunch.data.tolist() == ["无题"]
    assert bunch.target is None
    X, y = fetch_tnews(subset="unlabeled", return_X_y=True)
    assert X.shape == (1,)
    assert y is None


def test_tnews_as_frame(tnews):
    pytest.importorskip("pandas")
    assert list(fetch_tnews(as_frame=True).frame.columns) == ["text", "keywords", "target"]
    assert list(fetch_tnews(subset="unlabeled", as_frame=True).frame.columns) == ["text", "keywords"]


def test_eprstmt_negative_is_zero(publish):
    publish(
        "text/eprstmt_train_few_all.json",
        json_lines(
            {"id": 0, "sentence": "好", "label": "Positive"}, {"id": 1, "sentence": "差", "label": "Negative"}
        ).replace("\n", "\r\n"),
    )
    X, y = fetch_eprstmt(return_X_y=True)
    assert X.tolist() == ["好", "差"]
    assert y.tolist() == [1, 0]


def test_iflytek_names_classes_by_their_description(publish):
    publish(
        "text/iflytek_train_few_all.json",
        json_lines(
            {"label": 10, "label_des": "社区", "sentence": "邻里", "id": 0},
            {"label": 9, "label_des": "工具", "sentence": "手电", "id": 1},
        ),
    )
    assert fetch_iflytek().target_names == ["工具", "社区"]


def test_csldcp_reads_its_own_text_field(publish):
    publish("text/csldcp_train_few_all.json", json_lines({"content": "摘要", "label": "光学", "id": 0}) + "\n")
    bunch = fetch_csldcp()
    assert bunch.data.tolist() == ["摘要"]
    assert bunch.target_names == ["光学"]


def test_unlabelled_part_is_known_to_tnews_only(home):
    with pytest.raises(ValueError, match="subset='unlabeled' is not known"):
        fetch_csldcp(subset="unlabeled")


def test_broken_json_line_is_named(publish):
    publish("text/csldcp_train_few_all.json", json_lines({"content": "a", "label": "b"}) + '{"content": \n')
    with pytest.raises(ValueError, match=r"csldcp_train_few_all\.json:2 is not a JSON object"):
        fetch_csldcp()


def test_missing_field_is_named(publish):
    publish("text/csldcp_train_few_all.json", json_lines({"content": "a"}))
    with pytest.raises(ValueError, match=r"csldcp_train_few_all\.json:1 has no field label"):
        fetch_csldcp()


def test_thucnews_class_stands_before_the_tab(publish):
    publish("text/thucnews_train_1w.txt", "sports\t赛事  开幕\nfinance\t 股市\n")
    bunch = fetch_thucnews()
    assert bunch.data.tolist() == ["赛事  开幕", " 股市"]
    assert [bunch.target_names[i] for i in bunch.target] == ["sports", "finance"]


def test_line_with_a_tab_too_many_is_named(publish):
    publish("text/thucnews_train_1w.txt", "sports\t赛事\nfinance\t股\t市\n")
    with pytest.raises(ValueError, match=r"thucnews_train_1w\.txt:2 has 3 tab-separated fields, expected 2"):
        fetch_thucnews()


def test_banking77_keeps_commas_quotes_and_line_breaks(publish):
    publish("text/banking77_train.csv", 'text,category\r\n"Hi, ""you""\nthere",b\r\nNo?,a\r\n')
    publish("text/banking77_test.csv", "text,category\r\nYes,b\r\n")
    train, test = fetch_banking77(), fetch_banking77(subset="test")
    assert train.data.tolist() == ['Hi, "you"\nthere', "No?"]
    assert train.target.tolist() == [1, 0]
    assert test.target.tolist() == [1]
    assert test.target_names == ["a", "b"]
    assert fetch_banking77(subset="all").data.tolist() == [*train.data, *test.data]


def test_banking77_with_other_columns_is_refused(publish):
    publish("text/banking77_train.csv", "question,category\nNo?,a\n")
    with pytest.raises(ValueError, match="expected text, category"):
        fetch_banking77()


def test_graded_pairs(publish):
    publish("similarity/sts_b_zh_train.txt", "一只猫\t一只狗\t2\n")
    publish("similarity/sts_b_zh_dev.txt", "甲\t乙\t0\n甲\t甲\t5\n")
    pairs = fetch_sentence_pairs()
    assert pairs.data.tolist() == [["甲", "乙"], ["甲", "甲"]]
    assert pairs.target.tolist() == [0.0, 5.0]
    assert pairs.target.dtype == np.float64
    assert pairs.target_names is None
    assert fetch_sentence_pairs(subset="all", return_X_y=True)[1].tolist() == [2.0, 0.0, 5.0]


def test_binary_pairs(publish):
    publish("similarity/lcqmc_dev.txt", "问一\t问二\t1\n")
    pairs = fetch_sentence_pairs("lcqmc")
    assert pairs.target.dtype == np.int64
    assert pairs.target_names == ["different", "same"]


def test_pairs_as_frame(publish):
    pd = pytest.importorskip("pandas")
    publish("similarity/afqmc_dev.txt", "问一\t问二\t0\n")
    pairs = fetch_sentence_pairs("afqmc", as_frame=True)
    assert isinstance(pairs.data, pd.DataFrame)
    assert pairs.frame.values.tolist() == [["问一", "问二", 0]]


def test_pairs_of_an_unknown_set_or_subset(home):
    with pytest.raises(ValueError, match="name='bq' is not known; choose one of 'sts_b_zh', 'afqmc', 'lcqmc'"):
        fetch_sentence_pairs("bq")
    with pytest.raises(ValueError, match="subset='train' is not known; choose one of 'dev'"):
        fetch_sentence_pairs("lcqmc", subset="train")


def test_sighan_text_is_its_words_without_spaces(publish):
    publish("segmentation/sighan2005_msr_test_gold.txt", "扬帆  远东  。  \n\n单\n")
    bunch = fetch_sighan2005("msr")
    assert bunch.data.tolist() == ["扬帆远东。", "单"]
    assert bunch.target.tolist() == [["扬帆", "远东", "。"], ["单"]]
    assert all("".join(words) == text for text, words in zip(bunch.data, bunch.target, strict=True))


def test_sighan_as_frame(publish):
    pytest.importorskip("pandas")
    publish("segmentation/sighan2005_pku_test_gold.txt", "共同  创造\n共同  创造\n")
    assert fetch_sighan2005(as_frame=True).frame["words"].tolist() == [["共同", "创造"]] * 2


@pytest.mark.parametrize("name", [name for name in datasets.__all__ if name.startswith("fetch_")])
def test_every_fetcher_works_offline_only_if_the_file_is_there(home, site, name):
    with pytest.raises(OSError, match=r"is not in the data home .* SKLEARN_LLMTOKENS_DATA"):
        getattr(datasets, name)(download_if_missing=False)
    assert site.requests == []


def test_fetcher_hands_its_network_options_on(publish, site):
    publish("text/thucnews_train_1w.txt", "sports\t赛事\n")
    site.moods = ["503"]
    assert fetch_thucnews(n_retries=1, delay=0).data.shape == (1,)
    assert len(site.requests) == 2


def test_read_only_data_home_is_enough(publish, home):
    remote = publish("text/thucnews_train_1w.txt", "sports\t赛事\n")
    fetch_thucnews()
    (home / remote.filename).chmod(0o444)
    (home / "text").chmod(0o555)
    home.chmod(0o555)
    try:
        assert fetch_thucnews(download_if_missing=False).data.tolist() == ["赛事"]
    finally:
        home.chmod(0o755)
        (home / "text").chmod(0o755)
