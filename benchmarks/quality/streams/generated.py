"""river's generators, standing still and drifting."""

from __future__ import annotations

from itertools import chain

from river.datasets import synth

from benchmarks.quality.streams.stream import Row, Stream, take

AGRAWAL = "elevel", "car", "zipcode"
STAGGER = "size", "color", "shape"


def drift(before, after, position: int, width: int) -> synth.ConceptDriftStream:
    return synth.ConceptDriftStream(before, after, position=position, width=width, seed=3)


def led(moved: int) -> synth.LEDDrift:
    return synth.LEDDrift(seed=10 + moved, noise_percentage=0.1, irrelevant_features=True, n_drift_features=moved)


def rbf(seed: int) -> synth.RandomRBF:
    return synth.RandomRBF(seed, seed + 1, n_classes=7, n_features=15, n_centroids=25)


def agrawal(function: int) -> synth.Agrawal:
    return synth.Agrawal(classification_function=function, seed=20 + function, perturbation=0.05)


def random_tree() -> list[Row]:
    tree = synth.RandomTree(31, 32, n_classes=4, n_num_features=6, n_cat_features=3, n_categories_per_feature=4)
    return take(tree, 6000, [f"x_cat_{j}" for j in range(3)])


def sea() -> list[Row]:
    parts = (synth.SEA(variant=v, noise=0.1, seed=40 + v) for v in (3, 1, 0, 2))
    return list(chain.from_iterable(take(part, 2000) for part in parts))


def stagger() -> list[Row]:
    parts = (synth.STAGGER(classification_function=f, seed=50 + f) for f in (2, 0, 1))
    return list(chain.from_iterable(take(part, 2000, STAGGER) for part in parts))


def rbf_drift() -> list[Row]:
    moving = synth.RandomRBFDrift(
        61, 62, n_classes=4, n_features=12, n_centroids=20, n_drift_centroids=10, change_speed=0.002
    )
    return take(moving, 8000)


def hyperplane() -> list[Row]:
    return take(synth.Hyperplane(71, n_features=15, n_drift_features=6, mag_change=0.002, noise_percentage=0.05), 8000)


STREAMS = [
    Stream("led", lambda: take(led(0), 6000)),
    Stream("led_drift_8k", lambda: take(drift(led(0), led(4), 4000, 50), 8000)),
    Stream("rbf", lambda: take(rbf(81), 6000)),
    Stream("rbf_gradual", lambda: take(drift(rbf(91), rbf(95), 4000, 2000), 8000)),
    Stream("rbf_drift_8k", rbf_drift),
    Stream("hyperplane", hyperplane),
    Stream("random_tree", random_tree),
    Stream("agrawal", lambda: take(agrawal(4), 6000, AGRAWAL)),
    Stream("agrawal_drift", lambda: take(drift(agrawal(1), agrawal(7), 4000, 50), 8000, AGRAWAL)),
    Stream("sea", sea),
    Stream("stagger", stagger),
    Stream("waveform", lambda: take(synth.Waveform(seed=5, has_noise=True), 5000)),
    Stream("mixed_drift", lambda: take(drift(synth.Mixed(0, seed=6), synth.Mixed(1, seed=7), 2500, 50), 5000)),
]
