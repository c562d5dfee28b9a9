"""PlaceFile: how far predictions have come, so that they go on there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from online_softmax.cli.files import check_writable
from online_softmax.storage.atomic import write
from online_softmax.storage.fields import check_same
from online_softmax.streams import Place, RowStream

KEY, FORMAT = "online-softmax-predictions", 1


class PlaceFile:
    """A file that holds a place in a source, behind the rows whose predictions have been sent.

    Parameters
    ----------
    path
        The file.
    resume
        Whether to go on from there, if it is there.
    to
        The topic that predictions are sent to.

    Attributes
    ----------
    place
        Where to go on; None at the start.

    """

    def __init__(self, path: Path, resume: bool, to: str) -> None:
        check_writable("--checkpoint", path)
        self._path, self._to, self._source = path, to, dict[str, Any]()
        self.place: Place | None = None
        if not path.exists():
            return
        if not resume:
            raise FileExistsError(f"the checkpoint {path} exists: --resume it, or remove it")
        try:
            found = json.loads(path.read_bytes())
            if found[KEY] != FORMAT:
                raise ValueError(f"its format is {found[KEY]!r}, and {FORMAT} is read")
            self._source = found["source"]
            self.place, then = Place.from_json(found["place"]), found["to"]
        except OSError:
            raise
        except Exception as error:  # what a stranger wrote can fail in any way
            raise ValueError(f"{path} is no checkpoint of predictions ({error})") from None
        try:
            check_same("topic of the predictions", then, to)
        except ValueError as error:
            raise ValueError(f"cannot resume {path}: {error}") from None

    @property
    def settled(self) -> dict[str, Any] | None:
        """Return what the columns of a topic hold, where the place knows."""
        return None if self.place is None or self.place.at is None else self.place.at.get("settled")

    def check(self, stream: RowStream) -> None:
        """Refuse a stream over another source."""
        if self.place is not None:
            try:
                check_same("source", self._source, json.loads(json.dumps(stream.fingerprint())))
            except ValueError as error:
                raise ValueError(f"cannot resume {self._path}: {error}") from None

    def keep(self, stream: RowStream, place: Place) -> None:
        """Write a place, whole or not at all."""
        found = {KEY: FORMAT, "source": stream.fingerprint(), "to": self._to, "place": place.to_json()}
        write(self._path, json.dumps(found).encode())
