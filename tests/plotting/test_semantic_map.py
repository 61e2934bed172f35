"""The map: what is drawn where, in which order, and that no label covers another."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib import colors
from matplotlib import pyplot as plt
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from sklearn_llmtokens.plotting import SemanticMapDisplay

VECTORS = np.random.default_rng(0).normal(size=(24, 6))


def legend_of(display):
    legend = display.ax_.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def sorted_rows(points):
    points = np.asarray(points)
    return points[np.lexsort(points.T)]


def test_points_are_the_reduced_vectors_in_the_colour_of_their_label():
    labels = np.array(["x", "y", "z"] * 8)
    display = SemanticMapDisplay.from_vectors(VECTORS, labels, s=5)
    expected = PCA(2, random_state=0).fit_transform(VECTORS)
    np.testing.assert_allclose(display.points, expected)
    offsets = np.asarray(display.scatter_.get_offsets())
    rows = [int(np.abs(expected - offset).sum(axis=1).argmin()) for offset in offsets]
    assert sorted(rows) == list(range(24))
    dots = {text: dot.get_color() for text, dot in zip("xyz", display.ax_.get_legend().get_lines(), strict=True)}
    for colour, row in zip(display.scatter_.get_facecolors(), rows, strict=True):
        assert colour[:3] == pytest.approx(colors.to_rgb(dots[labels[row]]))
    assert display.scatter_.get_sizes() == [5]
    assert legend_of(display) == ["x", "y", "z"]
    assert display.background_ is None


def test_no_label_is_drawn_as_a_block_and_the_order_is_the_same_each_time():
    points = np.random.default_rng(0).normal(size=(400, 2))
    labels = np.repeat(["x", "y"], 200)
    first, second = (SemanticMapDisplay(points, labels=labels).plot() for _ in range(2))
    offsets = np.asarray(first.scatter_.get_offsets())
    np.testing.assert_array_equal(offsets, second.scatter_.get_offsets())
    is_x = np.isin(offsets[:, 0], points[:200, 0])
    assert 150 < np.count_nonzero(is_x[1:] != is_x[:-1]) < 250  # 200 changes are expected, 1 in the order of rows


def test_many_points_are_smaller_and_fainter():
    few, many = (SemanticMapDisplay(np.zeros((n, 2))).plot() for n in (592, 20_000))
    assert few.scatter_.get_sizes()[0] > 3 * many.scatter_.get_sizes()[0]
    assert few.scatter_.get_alpha() > 1.5 * many.scatter_.get_alpha()
    assert many.scatter_.get_rasterized()
    assert not few.scatter_.get_rasterized()


def test_the_axes_of_a_pca_say_their_share_of_the_variance():
    display = SemanticMapDisplay.from_vectors(VECTORS)
    shares = PCA(2).fit(VECTORS).explained_variance_ratio_
    assert display.ax_.get_xlabel() == f"component 1: {100 * shares[0]:.1f}% of the variance"
    assert display.ax_.get_ylabel() == f"component 2: {100 * shares[1]:.1f}% of the variance"
    assert SemanticMapDisplay(display.points).plot().ax_.get_xlabel() == ""


def test_single_precision_with_large_means_is_drawn_as_double_precision_is():
    rng = np.random.default_rng(0)
    vectors = (10 + 0.05 * rng.standard_normal((300, 16)) * np.linspace(1, 0.05, 16)).astype(np.float32)
    expected = PCA(2).fit_transform(vectors.astype(np.float64))
    np.testing.assert_allclose(SemanticMapDisplay.from_vectors(vectors).points, expected, atol=1e-6)


def test_the_map_takes_a_reducer_and_points():
    reducer = TSNE(perplexity=5, random_state=0, init="random", max_iter=250)
    display = SemanticMapDisplay.from_vectors(VECTORS, reducer=reducer)
    assert display.points.shape == (24, 2)
    assert display.ax_.get_xlabel() == ""
    assert not hasattr(reducer, "embedding_")
    np.testing.assert_allclose(sorted_rows(display.scatter_.get_offsets()), sorted_rows(display.points))
    assert legend_of(display) == []
    with pytest.raises(ValueError, match=r"shape \(24, 3\): two columns are needed"):
        SemanticMapDisplay.from_vectors(VECTORS, reducer=PCA(3))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        SemanticMapDisplay(display.points, labels=["x"]).plot()


def test_a_fitted_transformer_makes_the_vectors_or_the_map_itself():
    pca = PCA(4).fit(VECTORS)
    display = SemanticMapDisplay.from_estimator(pca, VECTORS, ["x", "y"] * 12, s=5)
    np.testing.assert_allclose(display.points, PCA(2, random_state=0).fit_transform(pca.transform(VECTORS)))
    assert legend_of(display) == ["x", "y"]
    plane = PCA(2).fit(VECTORS[:, ::-1])
    display = SemanticMapDisplay.from_estimator(plane, VECTORS)
    np.testing.assert_allclose(display.points, plane.transform(VECTORS))
    assert display.ax_.get_xlabel() == ""


def test_clusters_are_named_at_their_centres_the_largest_first():
    points = np.array([[0, 0], [1, 0], [0, 1], [9, 9], [9, 8], [-9, -9], [20, 20]])
    display = SemanticMapDisplay(points, labels=[3, 3, 3, 7, 7, -1, -1], names={3: "delivery", 7: "screen"}).plot()
    assert [name.get_text() for name in display.names_] == ["delivery", "screen"]
    np.testing.assert_array_equal([name.xy for name in display.names_], [[0, 0], [9, 8.5]])
    assert [name.get_position() for name in display.names_] == [(0, 0), (0, 0)]  # offsets from the centres
    assert SemanticMapDisplay(points, labels=[3, 3, 3, 7, 7, -1, -1]).plot(include_names=False).names_ == []


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["b", None, "a"] * 8, ["a", "b", "no label"]),
        ([2.0, np.nan, 10.0] * 8, ["2.0", "10.0", "no label"]),
        (np.array(["b", 3, np.nan] * 8, dtype=object), ["3", "b", "no label"]),
        ([1, -1, 0] * 8, ["0", "1", "noise"]),
        (np.array([-1, 2, None] * 8, dtype=object), ["2", "noise", "no label"]),
    ],
)
def test_noise_and_points_without_a_label_are_grey_below_all_others_and_last(labels, names):
    display = SemanticMapDisplay(VECTORS[:, :2], labels=labels).plot()
    assert legend_of(display) == names
    assert not {"noise", "no label"} & {name.get_text() for name in display.names_}
    behind, front = (np.asarray(one.get_offsets()) for one in (display.background_, display.scatter_))
    np.testing.assert_array_equal(sorted_rows(np.vstack([behind, front])), sorted_rows(VECTORS[:, :2]))
    assert len(behind) == 8 * sum(name in ("noise", "no label") for name in names)
    red, green, blue = display.background_.get_facecolors().T[:3]
    assert (red == green).all()
    assert (green == blue).all()
    drawn = display.ax_.collections
    assert drawn.index(display.background_) < drawn.index(display.scatter_)


def test_labels_of_frames_keep_their_missing_values():
    pandas = pytest.importorskip("pandas")
    labels = pandas.Series(["x", None, pandas.NA] * 8, dtype="string")
    display = SemanticMapDisplay(VECTORS[:, :2], labels=labels).plot()
    assert legend_of(display) == ["x", "no label"]
    assert len(display.background_.get_offsets()) == 16


def test_a_colour_of_the_user_is_for_all_points():
    display = SemanticMapDisplay(VECTORS[:, :2], labels=[0, 1, -1] * 8).plot(color="red")
    for scatter in (display.scatter_, display.background_):
        np.testing.assert_array_equal(scatter.get_facecolors()[:, :3], [[1, 0, 0]])


def test_more_labels_than_colours_have_no_legend_but_names():
    rng = np.random.default_rng(0)
    display = SemanticMapDisplay(rng.uniform(size=(250, 2)), labels=np.arange(250) % 25 - 1).plot()
    assert legend_of(display) == ["noise"]
    assert len(display.names_) > 10


def boxes_of(display):
    display.figure_.canvas.draw()
    labels = [*display.names_, *display.texts_]
    patches = [label.get_bbox_patch() for label in labels]
    return [(patch or label).get_window_extent() for patch, label in zip(patches, labels, strict=True)]


@pytest.mark.parametrize("size", [(6.4, 4.8), (3, 2.5), (12, 9)])
def test_no_label_covers_another_or_leaves_the_axes(size):
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 40, 600)
    points = rng.normal(size=(600, 2)) + 2 * rng.normal(size=(41, 2))[labels]
    _, ax = plt.subplots(figsize=size, layout="constrained")
    names = {i: f"包装 快递 {i}" if i % 2 else f"a cluster with a long name {i}" for i in range(40)}
    texts = [f"text {i}: 物流很快，包装完好，下次还会再来\nsecond line" for i in range(600)]
    display = SemanticMapDisplay(points, labels=labels, names=names, texts=texts).plot(ax)
    boxes = boxes_of(display)
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    frame = ax.get_window_extent()
    assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in boxes)
    assert all(frame.y0 <= box.y0 and box.y1 <= frame.y1 for box in boxes)
    assert 0 < len(display.names_) < 40  # as many as there is room for
    assert len(display.texts_) <= 25
    assert all(len(name.get_text()) <= 24 for name in display.names_)


def test_texts_stand_beside_their_points_and_empty_ones_are_left_out():
    points = np.array([[0.0, 0.0], [1, 1], [2, 0], [1, -1]])
    display = SemanticMapDisplay(points, texts=["one", "", None, "a text\nof two lines"]).plot()
    assert {text.get_text(): tuple(text.xy) for text in display.texts_} == {"one": (0, 0), "a text": (1, -1)}
    assert display.plot(n_texts=1).texts_[0].get_text() in ("one", "a text")
    assert len(display.texts_) == 1
