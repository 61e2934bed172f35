"""The fetchers of interactions, on small files of the tests' own making in the format of the public ones."""

import base64
import hashlib
import io
import pickle
import re
import zipfile

import numpy as np
import pytest

from sklearn_llmtokens.datasets import fetch_amazon_interactions, fetch_games6k, fetch_movielens_1m
from sklearn_llmtokens.recommend import make_queries
from tests.inside import accept_any_amazon_rows

ARCHIVE = "interactions/amazon2014-beauty.zip"

# Written by pandas 2.2.3 with NumPy 2.4, as the public archives were made by a pandas of that time:
# users 100, 101; histories [101, 100], [100]; times [2, 3], [5]; titles "A b", "C" of the items 100, 101.
USERS_BY_PANDAS_2 = (
    "gAWVHgMAAAAAAACMEXBhbmRhcy5jb3JlLmZyYW1llIwJRGF0YUZyYW1llJOUKYGUfZQojARfbWdylIwecGFuZGFzLmNvcmUuaW50"
    "ZXJuYWxzLm1hbmFnZXJzlIwMQmxvY2tNYW5hZ2VylJOUjBZwYW5kYXMuX2xpYnMuaW50ZXJuYWxzlIwPX3VucGlja2xlX2Jsb2Nr"
    "lJOUjBNudW1weS5fY29yZS5udW1lcmljlIwLX2Zyb21idWZmZXKUk5QolhAAAAAAAAAAZAAAAAAAAABlAAAAAAAAAJSMBW51bXB5"
    "lIwFZHR5cGWUk5SMAmk4lImIh5RSlChLA4wBPJROTk5K/////0r/////SwB0lGJLAUsChpSMAUOUdJRSlIwIYnVpbHRpbnOUjAVz"
    "bGljZZSTlEsASwFLAYeUUpRLAoeUUpRoC4wWbnVtcHkuX2NvcmUubXVsdGlhcnJheZSMDF9yZWNvbnN0cnVjdJSTlGgQjAduZGFy"
    "cmF5lJOUSwCFlEMBYpSHlFKUKEsBSwJLAoaUaBKMAk84lImIh5RSlChLA4wBfJROTk5K/////0r/////Sz90lGKJXZQoXZQoS2VL"
    "ZGVdlEtkYV2UKEsCSwNlXZRLBWFldJRiaB5LAUsDSwGHlFKUSwKHlFKUhpRdlCiMGHBhbmRhcy5jb3JlLmluZGV4ZXMuYmFzZZSM"
    "Cl9uZXdfSW5kZXiUk5RoPowFSW5kZXiUk5R9lCiMBGRhdGGUaCVoJ0sAhZRoKYeUUpQoSwFLA4WUaC+JXZQojAZVc2VySUSUjAZJ"
    "dGVtSUSUjAlUaW1lc3RhbXCUZXSUYowEbmFtZZROdYaUUpRoQIwZcGFuZGFzLmNvcmUuaW5kZXhlcy5yYW5nZZSMClJhbmdlSW5k"
    "ZXiUk5R9lChoTk6MBXN0YXJ0lEsAjARzdG9wlEsCjARzdGVwlEsBdYaUUpRlhpRSlIwEX3R5cJSMCWRhdGFmcmFtZZSMCV9tZXRh"
    "ZGF0YZRdlIwFYXR0cnOUfZSMBl9mbGFnc5R9lIwXYWxsb3dzX2R1cGxpY2F0ZV9sYWJlbHOUiHN1Yi4="
)
TITLES_BY_PANDAS_2 = (
    "gAWVAQMAAAAAAACMEXBhbmRhcy5jb3JlLmZyYW1llIwJRGF0YUZyYW1llJOUKYGUfZQojARfbWdylIwecGFuZGFzLmNvcmUuaW50"
    "ZXJuYWxzLm1hbmFnZXJzlIwMQmxvY2tNYW5hZ2VylJOUjBZwYW5kYXMuX2xpYnMuaW50ZXJuYWxzlIwPX3VucGlja2xlX2Jsb2Nr"
    "lJOUjBNudW1weS5fY29yZS5udW1lcmljlIwLX2Zyb21idWZmZXKUk5QolhAAAAAAAAAAZAAAAAAAAABlAAAAAAAAAJSMBW51bXB5"
    "lIwFZHR5cGWUk5SMAmk4lImIh5RSlChLA4wBPJROTk5K/////0r/////SwB0lGJLAUsChpSMAUOUdJRSlIwIYnVpbHRpbnOUjAVz"
    "bGljZZSTlEsASwFLAYeUUpRLAoeUUpRoC4wWbnVtcHkuX2NvcmUubXVsdGlhcnJheZSMDF9yZWNvbnN0cnVjdJSTlGgQjAduZGFy"
    "cmF5lJOUSwCFlEMBYpSHlFKUKEsBSwFLAoaUaBKMAk84lImIh5RSlChLA4wBfJROTk5K/////0r/////Sz90lGKJXZQojANBIGKU"
    "jAFDlGV0lGJoHksBSwJLAYeUUpRLAoeUUpSGlF2UKIwYcGFuZGFzLmNvcmUuaW5kZXhlcy5iYXNllIwKX25ld19JbmRleJSTlGg8"
    "jAVJbmRleJSTlH2UKIwEZGF0YZRoJWgnSwCFlGgph5RSlChLAUsChZRoL4ldlCiMBkl0ZW1JRJSMBVRpdGxllGV0lGKMBG5hbWWU"
    "TnWGlFKUaD6MGXBhbmRhcy5jb3JlLmluZGV4ZXMucmFuZ2WUjApSYW5nZUluZGV4lJOUfZQoaEtOjAVzdGFydJRLAIwEc3RvcJRL"
    "AowEc3RlcJRLAXWGlFKUZYaUUpSMBF90eXCUjAlkYXRhZnJhbWWUjAlfbWV0YWRhdGGUXZSMBWF0dHJzlH2UjAZfZmxhZ3OUfZSM"
    "F2FsbG93c19kdXBsaWNhdGVfbGFiZWxzlIhzdWIu"
)


def archived(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"proc/{name}.pkl", content)
    return buffer.getvalue()


@pytest.fixture
def content_is_right(monkeypatch):
    """Let whatever was read pass for the set."""
    accept_any_amazon_rows(monkeypatch)


@pytest.fixture
def parquet(home):
    """Write the columns of items and events as the Parquet files of a set."""
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    folder = home / "interactions"

    def write(ids, titles, users, items, times):
        folder.mkdir(parents=True, exist_ok=True)
        pd.DataFrame({"item_id": ids, "title": titles}).to_parquet(folder / "amazon_beauty_items.parquet")
        events = pd.DataFrame({"user_id": users, "item_id": items, "timestamp": times})
        events.to_parquet(folder / "amazon_beauty_events.parquet")

    return write


def the_small_set(bunch):
    assert bunch.ids.tolist() == [100, 101]
    assert bunch.texts.tolist() == ["A b", "C"]
    assert bunch.users.tolist() == [100, 101]
    assert bunch.histories == [[101, 100], [100]]
    assert bunch.timestamps == [[2, 3], [5]]
    assert np.array_equal(bunch.events, [[100, 101, 2], [100, 100, 3], [101, 100, 5]])
    assert bunch.feature_names == ["user_id", "item_id", "timestamp"]


def test_amazon_archive_of_pickles(publish, content_is_right):
    pytest.importorskip("pandas")
    members = {"user2item": base64.b64decode(USERS_BY_PANDAS_2), "item2title": base64.b64decode(TITLES_BY_PANDAS_2)}
    publish(ARCHIVE, archived(**members))
    the_small_set(fetch_amazon_interactions())


def test_amazon_parquet_files_are_taken_first(parquet, site, content_is_right):
    parquet([101, 100], ["C", "A b"], [101, 100, 100], [100, 100, 101], [5, 3, 2])
    the_small_set(fetch_amazon_interactions(download_if_missing=False))
    framed = fetch_amazon_interactions(as_frame=True)
    assert framed.events.columns.tolist() == framed.feature_names
    assert framed.items_frame["title"].tolist() == ["A b", "C"]
    assert site.requests == []


@pytest.mark.parametrize("as_frame", [False, True])
def test_amazon_events_of_a_day_are_in_the_order_of_the_items_and_become_queries(parquet, content_is_right, as_frame):
    parquet([1, 2, 3], ["a", "b", "c"], [7, 7, 7, 6], [3, 2, 1, 3], [9, 9, 8, 9])
    events = fetch_amazon_interactions(as_frame=as_frame).events
    assert np.asarray(events).tolist() == [[6, 3, 9], [7, 1, 8], [7, 2, 9], [7, 3, 9]]
    queries = make_queries(events)
    assert [history.tolist() for history in queries.X] == [[], [], [1], [1, 2]]
    assert queries.y.tolist() == [3, 1, 2, 3]
    assert queries.y.dtype == np.int64
    assert queries.groups.tolist() == [6, 7, 7, 7]


def test_amazon_rows_of_another_set_are_refused_and_removed(publish, home):
    pytest.importorskip("pandas")
    members = {"user2item": base64.b64decode(USERS_BY_PANDAS_2), "item2title": base64.b64decode(TITLES_BY_PANDAS_2)}
    publish(ARCHIVE, archived(**members))
    with pytest.raises(
        OSError, match=r"amazon2014-beauty\.zip have the SHA-256 [0-9a-f]{64}, expected 71cd3da8e7350ea4"
    ):
        fetch_amazon_interactions()
    assert not (home / ARCHIVE).exists()


class Evil:
    def __reduce__(self):
        return (print, ("this must not be printed",))


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_amazon_pickle_that_runs_code_is_refused(publish, capsys, protocol):
    pytest.importorskip("pandas")
    publish(ARCHIVE, archived(item2title=pickle.dumps(Evil(), protocol), user2item=b""))
    with pytest.raises(OSError, match=r"its pickle asks for '.*\.print', which no .* it was removed: fetch it again"):
        fetch_amazon_interactions()
    assert "printed" not in capsys.readouterr().out


def packed(method):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("proc/item2title.pkl", bytes(1000))
    return buffer.getvalue()


BAD_ARCHIVES = {
    "without the tables": (archived(summary=b"{}"), r"has 0 files item2title\.pkl"),
    "no archive": (b"<html>", "BadZipFile"),
    "empty": (b"", "BadZipFile"),
    "cut": (archived(item2title=base64.b64decode(TITLES_BY_PANDAS_2))[:-30], "BadZipFile"),
    "a table cut": (
        archived(item2title=base64.b64decode(TITLES_BY_PANDAS_2)[:-40], user2item=b""),
        "pickle data was truncated",
    ),
    "no pickle": (archived(item2title=b"not a pickle", user2item=b""), "UnpicklingError"),
    "another object": (archived(item2title=pickle.dumps([1, 2]), user2item=pickle.dumps(3)), "TypeError"),
    "another table": (
        archived(**dict.fromkeys(("item2title", "user2item"), base64.b64decode(USERS_BY_PANDAS_2))),
        "KeyError",
    ),
    "an unusual method": (packed(zipfile.ZIP_LZMA), "packed by method 14"),
}


@pytest.mark.parametrize("kind", BAD_ARCHIVES)
def test_amazon_bad_archive_is_an_oserror_and_is_removed(publish, home, kind):
    pytest.importorskip("pandas")
    content, message = BAD_ARCHIVES[kind]
    publish(ARCHIVE, content)
    with pytest.raises(
        OSError, match=rf"amazon2014-beauty\.zip is damaged .*{message}.*it was removed: fetch it again$"
    ):
        fetch_amazon_interactions()
    assert not (home / ARCHIVE).exists()


def test_amazon_no_more_is_unpacked_than_the_bound(publish, home):
    pytest.importorskip("pandas")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("proc/item2title.pkl", bytes(2**26 + 1))
    publish(ARCHIVE, buffer.getvalue())
    with pytest.raises(OSError, match=r"item2title\.pkl has more than 67,108,864 bytes"):
        fetch_amazon_interactions()
    assert not (home / ARCHIVE).exists()


@pytest.mark.parametrize("content", [b"", b"PAR1 nothing PAR1"])
def test_amazon_damaged_parquet_files_are_an_oserror_and_stay(home, content):
    pytest.importorskip("pyarrow")
    (home / "interactions").mkdir(parents=True)
    paths = [home / f"interactions/amazon_beauty_{part}.parquet" for part in ("items", "events")]
    for path in paths:
        path.write_bytes(content)
    with pytest.raises(OSError, match=r"cannot be read \(.*\): delete them, and the public archive is fetched"):
        fetch_amazon_interactions(download_if_missing=False)
    assert all(path.exists() for path in paths)


def test_amazon_unknown_name(home):
    with pytest.raises(ValueError, match="name='books' is not known; choose one of 'beauty', 'toys'"):
        fetch_amazon_interactions("books")


def test_amazon_digest_is_of_ids_titles_and_events(parquet):
    def digest(*columns):
        parquet(*columns)
        with pytest.raises(OSError, match=r"have the SHA-256 [0-9a-f]{64}, expected") as info:
            fetch_amazon_interactions()
        return re.search(r"SHA-256 (\w+)", str(info.value))[1]

    base = ([1, 2], ["a", "b"], [7, 7], [1, 2], [3, 4])
    events = np.array([[7, 1, 3], [7, 2, 4]], "<i8")
    assert digest(*base) == hashlib.sha256(np.array([1, 2], "<i8").tobytes() + b"a\0b" + events.tobytes()).hexdigest()
    changes = ((0, [1, 3]), (1, ["a", "c"]), (2, [7, 8]), (3, [2, 2]), (4, [3, 5]))
    digests = {digest(*base[:place], changed, *base[place + 1 :]) for place, changed in changes}
    assert len(digests | {digest(*base)}) == 6


@pytest.fixture
def games(publish):
    folder = "interactions/games_6k/"
    publish(folder + "Games-6k.item", "item_id:token\ttitle:token_seq\n0\tTetris &amp; Co\n1\tGo\n2\tChess\n")
    publish(
        folder + "Games-6k.test.inter",
        "user_id:token\titem_id_list:token_seq\titem_id:token\n0\t0 1\t2\n1\t2\t0\n",
    )
    publish(folder + "Games.random", "1\t1 2\n")
    publish(folder + "Games-6k.bpr", "1\t2 0\n0\t1 2\n")
    publish(folder + "Games-6k.sasrec", "1\t0 1\n0\t2 1\n")


def test_games(games):
    bunch = fetch_games6k()
    assert bunch.ids.tolist() == [0, 1, 2]
    assert bunch.texts.tolist() == ["Tetris &amp; Co", "Go", "Chess"]
    assert bunch.histories == [[0, 1], [2]]
    assert bunch.targets.tolist() == [2, 0]
    assert bunch.candidate_users.tolist() == [1]
    assert bunch.candidates.tolist() == [[1, 2]]
    assert bunch.ranking_users.tolist() == [1, 0]
    assert {name: ranking.tolist() for name, ranking in bunch.rankings.items()} == {
        "bpr": [[2, 0], [1, 2]],
        "sasrec": [[0, 1], [2, 1]],
    }


def test_games_as_frames(games):
    pytest.importorskip("pandas")
    bunch = fetch_games6k(as_frame=True)
    assert bunch.items_frame.shape == (3, 2)
    assert bunch.frame["history"].tolist() == [[0, 1], [2]]


def test_games_rankings_for_different_users_are_refused(games, publish):
    publish("interactions/games_6k/Games-6k.sasrec", "0\t2 1\n1\t0 1\n")
    with pytest.raises(ValueError, match="not for the same users"):
        fetch_games6k()


MOVIELENS = "interactions/ml-1m.zip"
RATINGS = "2::20::4::50\n1::10::5::7\n1::30::1::9\n1::20::3::9\n1::10::2::8\n"
FILMS = (
    "10::Am\xe9lie (2001)::Comedy|Romance\r\n20::Heat (1995)::Crime\r\n30::Up (2009)::\r\n40::Unrated (1990)::Drama\r\n"
)


def movielens(ratings=RATINGS, movies=FILMS):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ml-1m/README", "terms")
        archive.writestr("ml-1m/ratings.dat", ratings.encode("latin-1"))
        archive.writestr("ml-1m/movies.dat", movies.encode("latin-1"))
    return buffer.getvalue()


def test_movielens(publish):
    publish(MOVIELENS, movielens())
    bunch = fetch_movielens_1m()
    assert bunch.ids.tolist() == [10, 20, 30]  # a film that nobody rated is not there
    assert bunch.texts.tolist() == ["Am\xe9lie (2001)", "Heat (1995)", "Up (2009)"]
    assert bunch.genres.tolist() == ["Comedy|Romance", "Crime", ""]
    assert bunch.events.tolist() == [[1, 10, 7], [1, 10, 8], [1, 30, 9], [1, 20, 9], [2, 20, 50]]
    assert bunch.ratings.tolist() == [5, 2, 1, 3, 4]
    assert bunch.users.tolist() == [1, 2]
    assert bunch.histories == [[10, 10, 30, 20], [20]]
    assert bunch.timestamps == [[7, 8, 9, 9], [50]]
    assert "may not redistribute" in " ".join(bunch.DESCR.split())
    assert "Harper and Joseph A. Konstan" in bunch.DESCR


def test_movielens_without_films_of_few_ratings(publish):
    publish(MOVIELENS, movielens())
    bunch = fetch_movielens_1m(min_item_events=2)
    assert bunch.ids.tolist() == [10, 20]
    assert bunch.events.tolist() == [[1, 10, 7], [1, 10, 8], [1, 20, 9], [2, 20, 50]]
    assert bunch.ratings.tolist() == [5, 2, 3, 4]
    with pytest.raises(ValueError, match="min_item_events=3 leaves no film: the most ratings of one are 2"):
        fetch_movielens_1m(min_item_events=3)
    with pytest.raises(ValueError, match="min_item_events == 0, must be >= 1"):
        fetch_movielens_1m(min_item_events=0)


def test_movielens_put_into_the_data_home_by_hand_is_read_without_network(publish, site, home):
    publish(MOVIELENS, movielens())
    path = home / MOVIELENS
    path.parent.mkdir(parents=True)
    path.write_bytes(movielens())
    assert len(fetch_movielens_1m().events) == 5
    repacked = movielens(ratings=RATINGS.replace("5::7", "5::6"))
    path.write_bytes(repacked)
    site.moods = ["404"]
    with pytest.warns(UserWarning, match="expected"), pytest.raises(OSError, match=r"ml-1m\.zip yourself \(SHA-256"):
        fetch_movielens_1m()
    assert path.read_bytes() == repacked  # what a user put there is not lost when the download fails
    assert len(site.requests) == 1


def test_movielens_as_frames(publish):
    pytest.importorskip("pandas")
    publish(MOVIELENS, movielens())
    bunch = fetch_movielens_1m(as_frame=True)
    assert bunch.events.columns.tolist() == bunch.feature_names == ["user_id", "item_id", "timestamp", "rating"]
    assert bunch.items_frame["title"].tolist() == bunch.texts.tolist()
    assert make_queries(bunch.events, weight="rating").X[3].tolist() == [(10, 5.0, 7), (10, 2.0, 8), (30, 1.0, 9)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (movielens(ratings="1::10::5\n"), r"ratings\.dat:1 has 3 fields, expected 4"),
        (movielens(movies=FILMS.replace("10::", "10::a::")), r"movies\.dat:1 has 4 fields, expected 3"),
        (movielens(ratings="1::11::5::7\n"), "KeyError"),
        (movielens(ratings="1::ten::5::7\n"), "ValueError"),
        (movielens(ratings=""), "IndexError"),
        (b"<html>", "BadZipFile"),
    ],
)
def test_movielens_damaged_archives_are_an_oserror_and_removed(publish, home, content, message):
    publish(MOVIELENS, content)
    with pytest.raises(OSError, match=rf"ml-1m\.zip is damaged or another file \(.*{message}.*\); it was removed"):
        fetch_movielens_1m()
    assert not (home / MOVIELENS).exists()
