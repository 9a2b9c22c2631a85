"""The figures of a benchmark's runs in a file, so that one that was cut off does not do its finished runs again."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Result = dict[str, Any]
_NOT_THERE = object()


class Results:
    """Results by what was asked, in the order they came; in a JSON file where there is one."""

    def __init__(self, path: Path | None, settings: Mapping[str, Any]) -> None:
        """Go on with what the file `path` holds; None keeps the results in memory alone.

        Raises:
            SystemExit: what it holds was measured with other settings.
        """
        self._path = path
        self._settings = json.loads(json.dumps(settings))
        self._results: list[Result] = []
        if path is None or not path.exists():
            return
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["settings"] != self._settings:
            other = sorted(
                name
                for name in content["settings"].keys() | self._settings.keys()
                if content["settings"].get(name, _NOT_THERE) != self._settings.get(name, _NOT_THERE)
            )
            raise SystemExit(
                f"{path} was measured with other settings ({', '.join(other)}); name another file to begin anew, "
                "or set them as they were to go on."
            )
        self._results = content["results"]

    def find(self, **asked: Any) -> Result | None:
        """Return the result whose fields are these, where there is one."""
        for result in self._results:
            if all(result[name] == value for name, value in asked.items()):
                return result
        return None

    def put(self, result: Result, *keys: str) -> None:
        """Keep a result, in the place of one with the same values of `keys`; the file is whole at any time."""
        earlier = self.find(**{key: result[key] for key in keys})
        if earlier is None:
            self._results.append(result)
        else:
            self._results[self._results.index(earlier)] = result
        if self._path is None:
            return
        # One result a line: question by question they are long.
        lines = ",\n".join(json.dumps(each) for each in self._results)
        unfinished = self._path.with_suffix(".part")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(
            f'{{"settings": {json.dumps(self._settings)}, "results": [\n{lines}\n]}}\n', encoding="utf-8"
        )
        unfinished.replace(self._path)
