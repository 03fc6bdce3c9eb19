"""Paths of imported files, as text: no file system is asked.

Source: path/filepath of Go, whose Join cleans what it joins.
"""


def resolve(pattern: str, importer: str) -> str:
    """Return the path that `pattern` means in the file `importer`: relative to its folder."""
    if pattern.startswith("/"):
        return clean(pattern)
    folder, slash, _ = importer.rpartition("/")
    return clean(f"{folder}{slash}{pattern}")


def clean(path: str) -> str:
    """Return `path` without empty, `.` and, where they can be resolved, `..` parts.

    The same file then has the same name however it is imported, as long as no link is involved.
    """
    absolute = path.startswith("/")
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and (absolute or (parts and parts[-1] != "..")):
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" * absolute + "/".join(parts)
