"""KeyedClassifier: one model for each user, sensor or shop, learned as one."""

from __future__ import annotations

import copy
import os
import sys
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from threading import RLock
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from river import base

from online_softmax.checks import is_missing, shorten
from online_softmax.frames import UNLABELLED, column_and_rest, predictions_like, probabilities_like, rows_of
from online_softmax.models import key_store, saving
from online_softmax.models.kept_key import ONE, KeptKey
from online_softmax.models.key_figures import KeyFigures, figures
from online_softmax.models.key_store import KeyStore, Record
from online_softmax.models.native import NativeModel
from online_softmax.models.scaled import native
from online_softmax.rows import Rows

if TYPE_CHECKING:
    from narwhals.stable.v2.typing import IntoDataFrame, IntoSeries
    from numpy.typing import ArrayLike


class KeyedClassifier(base.MiniBatchClassifier):
    """Many models that learn as one: one for each value of a feature, the key.

    A sample goes to the model of its key, which learns the other features. Nothing is shared among keys, and no key
    disturbs another. It fits where there are many users, sensors or shops, and each has a pattern of its own.

    Parameters
    ----------
    model
        What each key gets a fresh one of: a `SoftmaxRegression`, an `AutoSoftmaxRegression`, or river's
        `StandardScaler` and one of them; without `max_keys` and `store` any classifier of river.
    key
        The feature that holds the key. It is no feature of the models.
    max_keys
        How many keys to keep in memory; None keeps all. Where there are more, those that were used least recently wait
        on disk, and come back with the same bits.
    store
        A file that `flush` and `close` write all keys to, and from which they come back when it is opened again. Only
        one model may have it open. Without one, what leaves memory is in a temporary file that goes with the model.

    Notes
    -----
    A key may be a str, int, float, bool, bytes, NumPy's scalars of these, or a tuple of them; None and NaN are refused.
    Keys that are equal in Python, as 1, 1.0 and True are, are one key, which is called as it was when it first came.
    Where a text was made a feature, as streams do, "user=ann" with the value 1 is the key "ann" of the feature "user".

    A call that fails changes nothing: where the disk is full, the models stay in memory. The file at `store` holds what
    was flushed last, whole, whatever becomes of the process.

    Methods may be called from any thread, and go one after another. A process that was forked from one with keys on
    disk can use those in memory alone.

    Examples
    --------
    >>> from online_softmax import KeyedClassifier, SoftmaxRegression

    >>> model = KeyedClassifier(SoftmaxRegression(), key="user")
    >>> for hour in range(20):
    ...     model.learn_one({"user": "ann", "evening": float(hour > 17)}, "tea" if hour > 17 else "coffee")
    ...     model.learn_one({"user": "bob", "evening": float(hour > 17)}, "water")
    >>> model.predict_one({"user": "bob", "evening": 1.0})
    'water'
    >>> model.predict_proba_one({"user": "eve", "evening": 1.0})
    {}
    >>> list(model), model["bob"].classes, model.figures_of("bob").n_samples, model.figures().n_samples
    (['ann', 'bob'], ['water'], 20, 40)
    """

    model: base.Classifier
    key: Hashable
    max_keys: int | None
    store: str | os.PathLike[str] | None

    def __init__(
        self,
        model: base.Classifier,
        key: Hashable = "user",
        max_keys: int | None = None,
        *,
        store: str | os.PathLike[str] | None = None,
    ) -> None:
        if isinstance(model, type) or not callable(getattr(model, "learn_one", None)):
            raise TypeError(f"the model of each key is a river classifier, got {shorten(model)}")
        if max_keys is not None and (type(max_keys) is not int or max_keys < 1):
            raise ValueError(f"max_keys must be an int of at least 1, or None, got {max_keys!r}")
        self.model, self.key, self.max_keys, self.store = model, key, max_keys, store
        self._lock = RLock()
        self._lender, self._make = native(model), model.clone
        if self._lender is not None:  # ours may share their parameters, which they never change, and work in one place
            self._lender = native(model.clone())
        if type(self._lender) is NativeModel:
            self._make = partial(type(model), **{name: getattr(model, name) for name in model._get_params()})
        self._kept: dict[Hashable, KeptKey] = {} if max_keys is None else OrderedDict()
        self._n_keys = 0
        self._disk: KeyStore | None = None
        if max_keys is not None or store is not None:
            self._open()

    # ---- one sample ----

    def learn_one(self, x: Mapping[Hashable, Any], y: Hashable, w: float = ONE) -> None:
        """Learn a sample by the model of its key; one that is refused changes nothing.

        Parameters
        ----------
        x
            The key and the features.
        y
            The label.
        w
            The weight of the sample.
        """
        with self._lock:
            key, features = self._split(x)
            kept = self._find(key)
            if kept is not None:
                kept.learn(features, y, w)
                return
            kept = KeptKey(self._fresh())
            self._make_room()
            kept.learn(features, y, w)
            self._kept[key] = kept
            self._n_keys += 1

    def predict_proba_one(self, x: Mapping[Hashable, Any], **kwargs: Any) -> dict[Any, float]:
        """Return the probability of each class that the model of the key has met; nothing for a key never met.

        Parameters
        ----------
        x
            The key and the features.
        kwargs
            Accepted and ignored, as pipelines pass them.
        """
        with self._lock:
            key, features = self._split(x)
            kept = self._find(key)
            answer: dict[Hashable, float] = (self._fresh() if kept is None else kept.learner).predict_proba_one(
                features
            )
            return answer

    def predict_one(self, x: Mapping[Hashable, Any], **kwargs: Any) -> Any:
        """Return the most probable label; None for a key never met.

        Parameters
        ----------
        x
            The key and the features.
        kwargs
            Accepted and ignored, as pipelines pass them.
        """
        with self._lock:
            key, features = self._split(x)
            kept = self._find(key)
            return (self._fresh() if kept is None else kept.model).predict_one(features)

    # ---- many samples ----

    def learn_many(
        self, X: IntoDataFrame | Any, y: IntoSeries | ArrayLike, w: float | IntoSeries | ArrayLike = 1.0
    ) -> None:
        """Learn every row of a frame or array in turn, to the last bit as `learn_one` does; or none, if one is refused.

        Parameters
        ----------
        X
            A pandas, polars or pyarrow frame with a column of keys; or a NumPy array, `key` being a column's number.
        y
            The labels, a series of the same length; of an array, an array or a list.
        w
            The weights of the samples: one number, a series or an array.
        """
        with self._lock:
            keys, rows = self._rows(X, y, w)
            twins: dict[Hashable, KeptKey] = {}
            n_new = 0
            for key, at in _groups(keys).items():
                kept, name = self._look(key)
                twin = (
                    KeptKey(self._fresh()) if kept is None else kept.twin(self._fresh()) if key in self._kept else kept
                )
                n_new += kept is None
                try:
                    twin.learn_rows(rows.take(at))
                except Exception as error:
                    error.add_note(f"in one of the {len(at)} rows of the key {key!r}")
                    raise
                twins[name] = twin
            self._take_in(twins)
            self._n_keys += n_new

    def predict_proba_many(self, X: IntoDataFrame | Any) -> Any:
        """Return the probability of each class for every row, as a frame of X's own kind, one column a class.

        A class that the model of a key has not met has the probability 0; where the key has not been met, it is nan.

        Parameters
        ----------
        X
            A frame with a column of keys, or a NumPy array, as for `learn_many`.
        """
        P, labels = self._answers(X)
        return probabilities_like(X, P, labels)

    def predict_many(self, X: IntoDataFrame | Any) -> Any:
        """Return the most probable label of every row, as a series of X's own kind; None where the key is unknown.

        Parameters
        ----------
        X
            A frame with a column of keys, or a NumPy array, as for `learn_many`.
        """
        P, labels = self._answers(X)
        best = np.where(np.isnan(P[:, 0]), -1, P.argmax(axis=1)) if labels else np.full(len(P), -1)
        return predictions_like(X, labels, best)

    def _answers(self, X: Any) -> tuple[NDArray[np.float64], list[Hashable]]:
        """Return p of each row, and the labels of its columns, which stand in the order of the keys' first rows."""
        with self._lock:
            keys, rows = self._rows(X)
            at_label: dict[Hashable, int] = {}
            parts = []
            for key, at in _groups(keys).items():
                kept, _ = self._look(key)
                found = native(self._fresh() if kept is None else kept.model)
                assert found is not None
                p, classes = found.predict_rows(rows.take(at))
                columns = [at_label.setdefault(label, len(at_label)) for label in classes]
                parts.append((at, columns, p))
            P = np.full((len(rows), len(at_label)), np.nan)
            for at, columns, p in parts:
                if columns:
                    P[at] = 0.0
                    P[np.ix_(at, columns)] = p
            return P, list(at_label)

    def _rows(self, X: Any, y: Any = UNLABELLED, w: Any = 1.0) -> tuple[list[Hashable], Rows]:
        """Return the key of each row, and the rows without them."""
        found = native(self.model)
        if found is None:
            raise TypeError(f"frames are for keyed models of ours: give {type(self.model).__name__} samples one by one")
        keys, rest, names = column_and_rest(X, self.key)
        for i, key in enumerate(keys):
            if is_missing(key):
                raise ValueError(f"the key {self.key!r} is {key!r} in row {i}: give it one, or leave the row out")
        rows = rows_of(rest, y, w, categorical=found.model.categorical, missing=found.model.missing)
        return keys, rows if names is None else replace(rows, names=names)

    # ---- keys ----

    def __len__(self) -> int:
        return self._n_keys

    def __bool__(self) -> bool:
        return True  # a model without keys is a model

    def __iter__(self) -> Iterator[Hashable]:
        with self._lock:
            inside = list(self._kept)
            outside = [] if self._disk is None else [key_store.key_of(record.name) for record in self._disk.records()]
        yield from inside
        known = set(inside)
        yield from (key for key in outside if key not in known)

    def __contains__(self, key: Hashable) -> bool:
        with self._lock:
            return self._look(key)[0] is not None

    def __getitem__(self, key: Hashable) -> Any:
        """Return a snapshot of a key's model."""
        with self._lock:
            return self._known(key).twin(self._fresh()).model

    def forget_key(self, key: Hashable) -> None:
        """Forget a key, its model and its figures, as if it had never been met.

        Parameters
        ----------
        key
            A key that has been learned.
        """
        with self._lock:
            self._known(key)
            if self._disk is not None:
                text = key_store.key_text(key)
                self._disk.put([Record(text, text, 0, 0, 0.0, 0, None)])
            self._kept.pop(key, None)
            self._n_keys -= 1

    def figures_of(self, key: Hashable) -> KeyFigures:
        """Return how well a key's labels were predicted before they were learned.

        Parameters
        ----------
        key
            A key that has been learned.
        """
        with self._lock:
            return figures([self._known(key).sums()])

    def figures(self) -> KeyFigures:
        """Return how well labels were predicted before they were learned, over all keys."""
        with self._lock:
            inside = {key_store.key_text(key): kept.sums() for key, kept in self._kept.items()}
            if self._disk is not None:
                inside = dict(self._disk.sums()) | inside
            return figures(inside.values())

    @property
    def _multiclass(self) -> bool:
        return bool(self.model._multiclass)

    @property
    def _raw_memory_usage(self) -> int:
        """How many bytes the keys in memory take."""
        with self._lock:
            return sum(model_bytes(kept.model) for kept in self._kept.values())

    def _split(self, x: Mapping[Hashable, Any]) -> tuple[Hashable, dict[Hashable, Any]]:
        """Return the key of a sample and its features."""
        if type(x) is dict:
            features = x.copy()
        else:
            try:
                features = dict(x.items())
            except (AttributeError, TypeError):
                raise TypeError(f"x must be a mapping of the key and features, got {shorten(x)}") from None
        if self.key in features:
            return features.pop(self.key), features
        spelt = f"{self.key}="
        found = [
            name for name, value in features.items() if isinstance(name, str) and name.startswith(spelt) and value == 1
        ]
        if len(found) != 1:
            raise ValueError(f"x has no key {self.key!r}: a sample needs one, got {shorten(x)}")
        del features[found[0]]
        return found[0][len(spelt) :], features

    def _find(self, key: Hashable) -> KeptKey | None:
        """Return a key in memory, to which it comes back if it is on disk; None for a new one."""
        try:
            kept = self._kept.get(key)
        except TypeError:
            raise _unhashable(key) from None
        if kept is None:
            kept, name = self._read(key)
            if kept is not None:
                self._make_room()
                self._kept[name] = kept
        elif self.max_keys is not None:
            self._kept.move_to_end(key)  # type: ignore[attr-defined]
        return kept

    def _look(self, key: Hashable) -> tuple[KeptKey | None, Hashable]:
        """Return a key wherever it is, which it does not leave, and what it is called; None for a new one."""
        try:
            kept = self._kept.get(key)
        except TypeError:
            raise _unhashable(key) from None
        return self._read(key) if kept is None else (kept, key)

    def _known(self, key: Hashable) -> KeptKey:
        kept, _ = self._look(key)
        if kept is None:
            raise KeyError(f"the key {key!r} has not been learned")
        return kept

    def _fresh(self) -> Any:
        """Return a model for a new key."""
        return self._settled(self._make())

    def _settled(self, model: Any) -> Any:
        """Return a model that works where those of all keys do: of its own it has what it learns."""
        if self._lender is not None:
            native(model).model._share_workspace(self._lender.model)  # type: ignore[union-attr]
        return model

    # ---- disk ----

    def _open(self) -> None:
        """Open the store, and take over what it says of all keys."""
        if native(self.model) is None:
            raise TypeError(f"max_keys and store are for models that can be saved, which {shorten(self.model)} cannot")
        about = self._about()
        self._disk = KeyStore(self.store, about)
        if self.store is None:
            return
        try:
            self._check_saved(about)
        except BaseException:
            self._disk.close()
            raise
        self._n_keys = len(self._disk)

    def _check_saved(self, about: dict[str, bytes]) -> None:
        """Refuse a store of other models, and take over the figures over all keys."""
        assert self._disk is not None
        try:
            saved = self._disk.saved
            if saved["key"] != about["key"]:
                raise ValueError(f"its key is {key_store.key_of(saved['key'].decode())!r} and not {self.key!r}")
            saving.check_alike(self._fresh(), saving.from_bytes(saved["model"]))
        except Exception as error:
            raise saving.ModelFileError(f"cannot open {self.store}: {error}") from error

    def _about(self) -> dict[str, bytes]:
        return {"key": key_store.name_text(self.key).encode(), "model": saving.to_bytes(self._fresh())}

    def _read(self, key: Hashable) -> tuple[KeptKey | None, Hashable]:
        """Return a key from disk and what it is called, or None."""
        text = key_store.key_text(key)
        record = None if self._disk is None else self._disk.get(text)
        if record is None:
            return None, key
        try:
            model = self._settled(saving.from_bytes(record.model or b""))
            return KeptKey(model, *record.sums), key_store.key_of(record.name)
        except Exception as error:
            raise saving.ModelFileError(f"the model of key {key!r} is damaged on disk: {error}") from error

    @staticmethod
    def _record(key: Hashable, kept: KeptKey) -> Record:
        return Record(key_store.key_text(key), key_store.name_text(key), *kept.sums(), saving.to_bytes(kept.model))

    def _make_room(self) -> None:
        """Let the key that was used least recently leave memory, where one more would be too many."""
        if self.max_keys is not None and len(self._kept) >= self.max_keys:
            self._let_go(list(islice(self._kept, len(self._kept) - self.max_keys + 1)), {})

    def _let_go(self, keys: list[Hashable], twins: dict[Hashable, KeptKey]) -> None:
        """Move keys to disk; those among `twins` as they are there."""
        assert self._disk is not None
        leaving = [(key, twins[key] if key in twins else self._kept[key]) for key in keys]
        self._disk.put([self._record(key, kept) for key, kept in leaving if kept.changed])
        for key in keys:
            self._kept.pop(key, None)

    def _take_in(self, twins: dict[Hashable, KeptKey]) -> None:
        """Put twins in the place of their keys, and let go those that are too many."""
        if self.max_keys is not None:
            others = (key for key in self._kept if key not in twins)
            n = len(twins) + len(self._kept) - sum(key in self._kept for key in twins) - self.max_keys
            out = list(islice(chain(others, twins), max(n, 0)))
            self._let_go(out, twins)
            twins = {key: twin for key, twin in twins.items() if key not in set(out)}
        for key, twin in twins.items():
            self._kept[key] = twin
            if self.max_keys is not None:
                self._kept.move_to_end(key)  # type: ignore[attr-defined]

    def flush(self) -> None:
        """Write all keys to the store, in one transaction: where that fails, it holds what it held before."""
        with self._lock:
            if self.store is None:
                raise ValueError("flush writes to a store, and this model has none: give it store=, or save it")
            assert self._disk is not None
            changed = [(key, kept) for key, kept in self._kept.items() if kept.changed]
            self._disk.save(self._record(*each) for each in changed)
            for _, kept in changed:
                kept.changed = False

    def close(self) -> None:
        """Flush and close the store, or let go of the temporary file; what is not in a store then is gone."""
        with self._lock:
            if self._disk is not None and not self._disk.is_closed:
                if self.store is not None:
                    self.flush()
                self._disk.close()
                self._kept.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all keys to a file that `store` can open, whole or not at all.

        Parameters
        ----------
        path
            Where to: not to the store, which `flush` writes to.
        """
        with self._lock:
            if self.store is not None and os.path.exists(path) and os.path.samefile(path, self.store):
                raise ValueError(f"{os.fspath(path)} is the store of this model: write to it by flush()")
            key_store.write(path, self._about(), self._records())

    # ---- copies, which have no store ----

    def clone(self, new_params: dict[str, Any] | None = None, include_attributes: bool = False) -> Self:
        """Return a fresh model of the same parameters, without a store; with `include_attributes`, of the same keys.

        Parameters
        ----------
        new_params
            Parameters to change, by name.
        include_attributes
            Whether the clone takes over what this model has learned.
        """
        fresh = super().clone({"store": None, **(new_params or {})})
        if include_attributes:
            fresh._take_over(copy.deepcopy(self._learned()))
        return fresh

    def copy(self) -> Self:
        """Return a snapshot: it has learned the same, and predicts while this model goes on learning."""
        return copy.deepcopy(self)

    def _learned(self) -> list[Any]:
        """Return all that has been learned; the keys that were used last come last."""
        with self._lock:
            if native(self.model) is None:
                return [(key, kept.model, kept.sums()) for key, kept in self._kept.items()]
            return [tuple(record) for record in self._records()]

    def _take_over(self, keys: list[Any]) -> None:
        """Take over what `_learned` returned of a model like this one."""
        n_outside = max(len(keys) - (self.max_keys or len(keys)), 0)
        outside, inside = keys[:n_outside], keys[n_outside:]
        if outside:
            assert self._disk is not None
            self._disk.put(Record(*record) for record in outside)
        for one in inside:
            if native(self.model) is None:
                key, model, sums = one
            else:
                record = Record(*one)
                key, sums = key_store.key_of(record.name), record.sums
                model = self._settled(saving.from_bytes(record.model or b""))
            self._kept[key] = kept = KeptKey(model, *sums)
            kept.changed = True
        self._n_keys = len(keys)

    def __getstate__(self) -> dict[str, Any]:
        parameters = {name: getattr(self, name) for name in self._get_params()}
        return {"parameters": {**parameters, "store": None}, "learned": self._learned()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state["parameters"])  # type: ignore[misc]
        self._take_over(state["learned"])

    def _records(self) -> Iterator[Record]:
        """Yield all keys; those that were used last come last."""
        texts = {key_store.key_text(key) for key in self._kept}
        if self._disk is not None:
            yield from (record for record in self._disk.records() if record.key not in texts)
        yield from (self._record(*each) for each in self._kept.items())


def model_bytes(model: Any) -> int:
    """Return how many bytes a key's model takes."""
    found = native(model)
    return int(sys.getsizeof(model) if found is None else found.n_bytes)


def _groups(keys: list[Hashable]) -> dict[Hashable, list[int]]:
    """Return the numbers of the rows of each key, the keys in the order in which they come."""
    found: dict[Hashable, list[int]] = {}
    for i, key in enumerate(keys):
        try:
            found.setdefault(key, []).append(i)
        except TypeError:
            raise _unhashable(key) from None
    return found


def _unhashable(key: object) -> TypeError:
    return TypeError(f"the key {shorten(key)} must be hashable: a str, a number, bytes, or a tuple of these")
