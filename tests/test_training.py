"""The training loop: against a plain one, and whatever else it promises."""

import functools

import numpy as np
import pytest
from plain_numpy import train
from threadpoolctl import threadpool_limits

from catnet import (
    Adam,
    CatnetError,
    DivergenceError,
    EarlyStopping,
    GradientDescent,
    Member,
    Network,
    ParameterError,
    Split,
    fit,
    fit_stack,
)
from catnet.engine.gradients import cross_entropy
from catnet.images.catvnoncat import find_images, load_catvnoncat
from catnet.images.drawn import load_drawn

pytestmark = pytest.mark.filterwarnings("error")

ARTICLE = [12288, 20, 7, 5, 1]
MENDED = (0.8, 0.999, 1e-4)
PLAIN = (0.9, 0.999, 1e-8)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Keep the BLAS from waiting for its own threads where other programs run, too."""
    with threadpool_limits(1, "blas"):
        yield


@functools.cache
def images(name):
    if name == "drawn":
        return load_drawn()
    try:
        found = find_images()
    except CatnetError as error:
        pytest.skip(f"the real images cannot be had: {error}")
    if found is None:
        pytest.skip("the real images are neither in CATNET_DATA nor in the cache: `catnet data`")
    return load_catvnoncat()


# ---------------------------------------------------------------- against plain NumPy


@pytest.mark.parametrize("name", ["drawn", "catvnoncat"])
@pytest.mark.parametrize(
    "optimizer, adam, frozen",
    [
        (GradientDescent(0.0075), None, ()),
        (Adam(0.0075), PLAIN, ()),
        (Adam(0.0075), PLAIN, (4,)),
        (Adam(0.00075, 0.8, 0.999, 1e-4), MENDED, ()),
        (Adam(0.00075, 0.8, 0.999, 1e-4), MENDED, (4,)),
    ],
    ids=["gradient-descent", "adam", "adam-frozen", "mended", "mended-frozen"],
)
def test_costs_are_those_of_plain_numpy(name, optimizer, adam, frozen):
    split = images(name).train
    network = Network(ARTICLE, seed=0)
    expected, weights, biases = train(
        network.weights,
        network.biases,
        split.features,
        split.labels,
        50,
        optimizer.learning_rate,
        adam,
        frozen,
    )
    history = fit(network, split, optimizer, 50, frozen_layers=frozen)
    np.testing.assert_allclose(history.costs, expected, rtol=0, atol=1e-6)
    assert abs(history.costs[0] - expected[0]) < 1e-8
    assert np.ptp(expected) > 1e-3  # it learns something


# ---------------------------------------------------------------- small networks from here on


def small(n=24, seed=0):
    """Make images of 4x4; those of cats have a brighter upper half, but for a few."""
    random = np.random.RandomState(seed)
    labels = np.arange(n, dtype=np.int64) % 2
    images = random.randint(0, 200, (n, 4, 4, 3))
    images[:, :2] += 50 * (labels ^ (random.random_sample(n) < 0.1))[:, None, None, None]
    return Split(images.astype(np.uint8), labels)


TRAIN, HELD_OUT = small(), small(16, seed=1)
DIMS = [48, 8, 5, 1]


def run(iterations=30, optimizer=None, dims=DIMS, **options):
    network = Network(dims, seed=6)
    history = fit(network, TRAIN, optimizer or Adam(0.005), iterations, **options)
    return network, history


def cost(network, split, epsilon=1e-6):
    return cross_entropy(network.forward(split)[1], split.labels, epsilon)


def test_costs_are_those_before_each_update():
    network = Network(DIMS, seed=6)
    costs = [cost(network, TRAIN)]
    for _ in range(4):
        fit(network, TRAIN, GradientDescent(0.1), 1)
        costs.append(cost(network, TRAIN))
    assert run(5, GradientDescent(0.1))[1].costs.tolist() == costs
    assert len(set(costs)) == 5


@pytest.mark.parametrize("dims", [[48, 1], DIMS, [48, 6, 5, 4, 3, 1]])
def test_what_a_history_holds(dims):
    network, history = run(
        7, dims=dims, validation=HELD_OUT, watch=("dead_units", "gradient_norms")
    )
    assert history.costs.shape == history.validation_costs.shape == (7,)
    assert history.dead_units.shape == (7, len(dims) - 2)
    assert history.gradient_norms.shape == (7, len(dims) - 1)
    for array in vars(history).values():
        assert not isinstance(array, np.ndarray) or array.dtype == np.float64
    assert history.best_iteration is None
    history = run(7, dims=dims)[1]
    for array in (history.validation_costs, history.dead_units, history.gradient_norms):
        assert array.shape == (0,)


def test_it_learns():
    network, history = run(200)
    assert history.costs[-1] < 0.3 < history.costs[0]
    assert network.accuracy(TRAIN) > 0.9


def test_training_happens_in_place():
    network = Network(DIMS, seed=6)
    arrays = network.weights + network.biases
    before = [a.copy() for a in arrays]
    fit(network, TRAIN, Adam(0.01), 3)
    assert all(a is b for a, b in zip(network.weights + network.biases, arrays, strict=True))
    assert all((a != b).any() for a, b in zip(arrays, before, strict=True))


@pytest.mark.parametrize("optimizer", [GradientDescent(0.1), Adam(0.01)])
@pytest.mark.parametrize("frozen", [(1,), (2,), (3,), (1, 3), {2, 3}, [np.int64(1)], (1, 2, 3)])
def test_frozen_layers_do_not_change_and_the_others_do(optimizer, frozen):
    network, history = run(5, optimizer, frozen_layers=frozen)
    start = Network(DIMS, seed=6)
    for layer in range(1, 4):
        for kind in ("weights", "biases"):
            now, then = getattr(network, kind)[layer - 1], getattr(start, kind)[layer - 1]
            assert (now.tobytes() == then.tobytes()) == (layer in frozen)
    assert (len(set(history.costs.tolist())) == 1) == (len(frozen) == 3)


@pytest.mark.parametrize("layer", [0, 4, -1, 1.5])
def test_frozen_layers_that_are_not_there_are_refused(layer):
    with pytest.raises(ParameterError, match=r"is not there: the layers are 1 … 3"):
        run(frozen_layers=(layer,))


@pytest.mark.parametrize("iterations", [0, -1])
def test_no_iterations_are_refused(iterations):
    with pytest.raises(ParameterError, match="num_iterations must be at least 1"):
        run(iterations)


@pytest.mark.parametrize("wrong", [2.5, 3.0, True, "3", None, [3], np.float64(3), 1j])
def test_counts_that_are_no_whole_numbers_are_refused(wrong):
    sentence = "must be at least 1, a whole number, not "
    with pytest.raises(ParameterError, match=f"num_iterations {sentence}"):
        run(wrong)
    with pytest.raises(ParameterError, match=f"patience {sentence}"):
        EarlyStopping(wrong)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64])
def test_whole_numbers_of_any_kind_are_counts(kind):
    stopping = EarlyStopping(kind(2))
    found = run(kind(9), validation=HELD_OUT, early_stopping=stopping)
    expected = run(9, validation=HELD_OUT, early_stopping=EarlyStopping(2))
    assert found[0].digest() == expected[0].digest()
    assert found[1].costs.tolist() == expected[1].costs.tolist()


def test_cost_epsilons_that_are_no_numbers_or_below_0_are_refused():
    for wrong in (True, "1e-6", None):
        with pytest.raises(ParameterError, match="cost_epsilon must be a number"):
            run(1, cost_epsilon=wrong)
    for wrong in (-1e-9, np.nan, np.inf, 10**400):
        with pytest.raises(ParameterError, match="cost_epsilon must be"):
            run(1, cost_epsilon=wrong)
    narrow, wide = (run(1, cost_epsilon=e)[1].costs for e in (np.float16(0.1), 0.0999755859375))
    assert narrow.tolist() == wide.tolist()


def test_splits_without_images_are_refused():
    nothing = TRAIN.take(slice(0))
    with pytest.raises(ParameterError, match="there are no images in a split"):
        fit(Network(DIMS), nothing, Adam(), 1)
    with pytest.raises(ParameterError, match="there are no images in a split"):
        run(1, validation=nothing)


def test_images_of_another_size_are_refused():
    other = Split(np.zeros((2, 4, 5, 3), np.uint8), np.zeros(2, np.int64))
    with pytest.raises(ParameterError, match="begin with the images' 60 numbers, not with 48"):
        fit(Network(DIMS), other, Adam(), 1)
    with pytest.raises(ParameterError, match="begin with the images' 60 numbers, not with 48"):
        run(1, validation=other)


def test_a_validation_set_may_have_any_number_of_images():
    for n in (1, 40):
        assert len(run(2, validation=small(n))[1].validation_costs) == 2


def test_arrays_of_another_kind_are_refused():
    network = Network(DIMS)
    digest = network.digest()
    network.weights = [w.astype(np.float32) for w in network.weights]
    with pytest.raises(ParameterError, match=r"weights must be float64 .* not float32 \(8, 48\)"):
        fit(network, TRAIN, Adam(), 1)
    with pytest.raises(ParameterError, match=r"weights must be float64"):
        network.predict(TRAIN)
    network = Network(DIMS)
    network.biases[0] = np.zeros(8)
    with pytest.raises(ParameterError, match=r"biases must be .*\(8, 1\), .* not float64 \(8,\)"):
        fit(network, TRAIN, Adam(), 1)
    network = Network(DIMS)
    network.weights[0] = network.weights[0].tolist()
    with pytest.raises(ParameterError, match=r"not list \(8, 48\)"):
        fit(network, TRAIN, Adam(), 1)
    network = Network(DIMS)
    del network.weights[-1]
    with pytest.raises(ParameterError, match=r"\(1, 5\), not .*\(5, 8\)$"):
        fit(network, TRAIN, Adam(), 1)
    network = Network(DIMS)
    network.biases[-1].flags.writeable = False
    network.predict(TRAIN)
    with pytest.raises(ParameterError, match="a network is read-only"):
        fit(network, TRAIN, Adam(), 1)
    fit(network.copy(), TRAIN, Adam(), 1)
    assert network.digest() == digest


def test_the_layout_of_arrays_in_memory_does_not_matter():
    network = Network(DIMS, seed=6)
    network.weights = [np.asfortranarray(w) for w in network.weights]
    network.biases = [np.repeat(b, 2, axis=0)[::2] for b in network.biases]
    arrays = network.weights + network.biases
    split = Split(np.asfortranarray(TRAIN.images), np.repeat(TRAIN.labels, 2)[::2])
    fit(network, split, Adam(0.005), 5)
    assert network.digest() == run(5)[0].digest()
    assert all(a is b for a, b in zip(network.weights + network.biases, arrays, strict=True))


def test_other_impossible_wishes_are_refused():
    with pytest.raises(ParameterError, match="needs a validation split"):
        run(early_stopping=EarlyStopping())
    with pytest.raises(ParameterError, match="cannot watch 'losses'"):
        run(watch=["losses"])
    for patience in (0, -1):
        with pytest.raises(ParameterError, match="patience must be at least 1"):
            EarlyStopping(patience)


def test_nothing_is_trained_before_a_refusal():
    network = Network(DIMS, seed=6)
    with pytest.raises(ParameterError):
        fit(network, TRAIN, Adam(), 5, frozen_layers=(9,))
    assert network.digest() == Network(DIMS, seed=6).digest()


# ---------------------------------------------------------------- looking on changes nothing


@pytest.mark.parametrize(
    "options",
    [
        {"validation": HELD_OUT},
        {"watch": ("dead_units", "gradient_norms")},
        {"progress": True},
        {"cost_epsilon": 0.0},
        {"validation": HELD_OUT, "watch": ("dead_units",), "progress": True},
    ],
    ids=["validation", "watch", "progress", "cost epsilon", "all"],
)
@pytest.mark.parametrize("optimizer", [GradientDescent(0.1), Adam(0.01)])
def test_looking_on_does_not_alter_training(optimizer, options, capsys):
    alone, history = run(optimizer=optimizer)
    watched, seen = run(optimizer=optimizer, **options)
    assert watched.digest() == alone.digest()
    if "cost_epsilon" not in options:
        assert seen.costs.tobytes() == history.costs.tobytes()
    captured = capsys.readouterr()
    assert captured.out == "" and (captured.err == "") == ("progress" not in options)


def test_costs_are_told_in_order_while_training_goes_on():
    networks = [Network(DIMS, seed) for seed in (0, 1)]
    told = [[], []]
    histories = fit_stack(
        [Member(network, Adam(0.01)) for network in networks],
        TRAIN,
        5,
        on_costs=lambda number, costs: told[number].append(costs),
        cost_epsilon=0.0,  # then costs are known at once
    )
    for pieces, history in zip(told, histories, strict=True):
        assert len(pieces) == 5
        assert [cost for costs in pieces for cost in costs] == history.costs.tolist()


def test_an_optimizer_can_be_used_again():
    optimizer = Adam(0.01)
    (first, one), (second, two) = run(optimizer=optimizer), run(optimizer=optimizer)
    assert first.digest() == second.digest()
    assert one.costs.tobytes() == two.costs.tobytes()


def test_what_is_watched_is_what_it_says():
    network = Network(DIMS, seed=6)
    network.biases[1][:2] = -100.0  # two dead units of five
    history = fit(network, TRAIN, GradientDescent(0.1), 3, watch=["gradient_norms", "dead_units"])
    assert history.dead_units[:, 1].tolist() == [0.4] * 3
    network = Network(DIMS, seed=6)
    before = [w.copy() for w in network.weights]
    history = fit(network, TRAIN, GradientDescent(0.5), 1, watch=["gradient_norms"])
    steps = [np.linalg.norm(a - b) for a, b in zip(network.weights, before, strict=True)]
    np.testing.assert_allclose(history.gradient_norms[0], np.array(steps) / 0.5, rtol=1e-9)


@pytest.mark.parametrize("sample_space", [False, True])
def test_logit_ranges_and_snapshots_are_those_of_shorter_runs(sample_space):
    optimizer = GradientDescent(0.1)
    network, history = run(
        6, optimizer, watch=("logit_ranges",), snapshots=(0, 4), sample_space=sample_space
    )
    assert network.digest() == run(6, optimizer, sample_space=sample_space)[0].digest()
    assert sorted(history.snapshots) == [0, 4] and len(history.logit_ranges) == 6
    assert history.snapshots[0].digest() == Network(DIMS, seed=6).digest()
    shorter = run(4, optimizer, sample_space=sample_space)[0]
    assert history.snapshots[4].digest() == shorter.digest()
    assert history.logit_ranges[4] == pytest.approx(np.ptp(shorter.forward(TRAIN)[1]), rel=1e-7)


def test_snapshots_of_a_run_that_ends_are_those_it_reached():
    with pytest.raises(DivergenceError) as caught:
        run(20, GradientDescent(1e200), snapshots=(0, 1, 2), watch=("logit_ranges",))
    history = caught.value.history
    assert list(history.snapshots) == [0] and len(history.logit_ranges) == 1
    with pytest.raises(ParameterError, match="no snapshot after 20 updates"):
        run(20, snapshots=(20,))


def test_validation_costs_are_those_before_each_update():
    network = Network(DIMS, seed=6)
    costs = []
    for _ in range(4):
        costs.append(cost(network, HELD_OUT))
        fit(network, TRAIN, GradientDescent(0.1), 1)
    assert run(4, GradientDescent(0.1), validation=HELD_OUT)[1].validation_costs.tolist() == costs


# ---------------------------------------------------------------- early stopping


@pytest.mark.parametrize("patience", [1, 5, 25])
def test_early_stopping_waits_and_keeps_the_best(patience):
    watched = ("dead_units", "gradient_norms")
    whole = run(120, validation=HELD_OUT)[1]
    network, history = run(
        120, validation=HELD_OUT, early_stopping=EarlyStopping(patience), watch=watched
    )
    best, lowest = 0, whole.validation_costs[0]  # counted once more, on the run without
    for i, c in enumerate(whole.validation_costs):
        if c < lowest:
            best, lowest = i, c
        elif i - best == patience:
            break
    assert 0 < i < 119  # it does stop
    assert history.best_iteration == best
    assert len(history.costs) == i + 1 == best + patience + 1
    assert history.costs.tolist() == whole.costs[: i + 1].tolist()
    assert history.validation_costs.tolist() == whole.validation_costs[: i + 1].tolist()
    assert len(history.dead_units) == len(history.gradient_norms) == i + 1
    assert cost(network, HELD_OUT) == history.validation_costs.min() == lowest
    assert network.digest() == run(best)[0].digest()


def test_early_stopping_keeps_the_best_even_when_it_need_not_stop():
    network, history = run(60, validation=HELD_OUT, early_stopping=EarlyStopping(1000))
    assert len(history.costs) == 60
    assert history.best_iteration == int(history.validation_costs.argmin()) < 59
    assert cost(network, HELD_OUT) == history.validation_costs.min()


def test_of_equal_costs_the_first_is_kept():
    network, history = run(
        10, frozen_layers=(1, 2, 3), validation=HELD_OUT, early_stopping=EarlyStopping(4)
    )
    assert history.best_iteration == 0 and len(history.costs) == 5


def test_early_stopping_bears_an_infinite_validation_cost():
    wrong = Split(np.full((1, 4, 4, 3), 255, np.uint8), np.zeros(1, dtype=np.int64))
    network = Network([48, 1], seed=0)
    network.weights[0][...] = 20.0  # 960 on the white image, which is no cat
    cats = Split(wrong.images, np.ones(1, dtype=np.int64))
    history = fit(
        network,
        cats,
        GradientDescent(),
        10,
        validation=wrong,
        early_stopping=EarlyStopping(3),
        cost_epsilon=0.0,
    )
    assert history.validation_costs.tolist() == [np.inf] * 4
    assert history.best_iteration == 0


# ---------------------------------------------------------------- divergence, and the flat line


@pytest.mark.parametrize("optimizer", [GradientDescent(1e200), Adam(1e200)])
def test_divergence_names_the_iteration_and_keeps_the_history(optimizer):
    with pytest.raises(DivergenceError, match="the cost of iteration 1 is") as caught:
        run(20, optimizer, validation=HELD_OUT, watch=("dead_units",))
    history = caught.value.history
    assert history.costs.shape == (2,) and not np.isfinite(history.costs[1])
    assert history.costs[0] == cost(Network(DIMS, seed=6), TRAIN)
    assert len(history.validation_costs) == len(history.dead_units) == 1
    assert isinstance(caught.value, CatnetError)


def test_an_infinite_cost_is_divergence_too():
    network = Network([48, 1], seed=0)
    network.weights[0][...] = 200.0
    with pytest.raises(DivergenceError, match="the cost of iteration 0 is inf"):
        fit(network, TRAIN, Adam(), 5, cost_epsilon=0.0)


def test_large_costs_are_not_divergence():
    history = run(20, GradientDescent(1e4))[1]
    assert np.isfinite(history.costs).all() and history.costs.max() > 3.0


@pytest.mark.parametrize("optimizer", [GradientDescent(0.0075), Adam(0.0075)])
def test_the_flat_line(optimizer):
    random = np.random.RandomState(0)
    split = Split(
        random.randint(0, 256, (209, 4, 4, 3)).astype(np.uint8),
        (np.arange(209) < 72).astype(np.int64),
    )
    network = Network(DIMS, seed=0)
    network.biases[1][...] = -1e3  # the last hidden layer is dead
    digest = network.digest()
    history = fit(network, split, optimizer, 20, frozen_layers=(3,), watch=("dead_units",))
    assert {repr(float(c)) for c in history.costs} == {"0.6931451805619453"}
    assert (history.dead_units[:, 1] == 1.0).all()
    assert network.digest() == digest
    # the output layer, once it may learn, leaves the line: its bias alone does
    assert fit(network, split, optimizer, 20).costs[-1] < 0.693


def test_divergence_at_the_last_update_is_seen():
    with pytest.raises(DivergenceError, match="at its last update") as caught:
        run(1, GradientDescent(1e200))
    assert caught.value.history.costs.shape == (1,)


def test_frozen_layers_and_watch_may_be_generators():
    network = Network(DIMS, seed=6)
    before = network.weights[1].copy()
    history = fit(
        network, TRAIN, Adam(), 3, frozen_layers=(n for n in [2]), watch=(w for w in ["dead_units"])
    )
    assert (network.weights[1] == before).all() and len(history.dead_units) == 3
