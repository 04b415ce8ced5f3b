"""Links of an archive that lead out of it are left out, and nothing else is."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tasks.launch.sources.archive import unpack
from tests.tasks.launch.archives import tar_of


@pytest.mark.parametrize(
    "links",
    [
        {"link": "->/etc/passwd"},
        {"link": "->../.."},
        {"link": "->../..", "link/evil": "x"},
        {"link": "->.", "link/up": "->.."},
        {"here": "->.", "link": "->here/.."},
    ],
)
def test_links_that_lead_out_are_left_out_with_a_word(
    tmp_path: Path, links: dict[str, str]
) -> None:
    """Broken: an archive with one absolute link is useless, or one shows any file of this user."""
    archive = tar_of(tmp_path / "a.tar.gz", **{"app.py": "x"}, **links)
    sentences = unpack("source", archive, tmp_path / "deep/out")
    target = tmp_path / "deep/out"
    assert (target / "app.py").read_text() == "x"
    inside = [path for path in target.rglob("*") if path.resolve().is_relative_to(target)]
    assert inside == list(target.rglob("*"))
    assert len(sentences) == 1
    assert sentences[0].startswith("a.tar.gz: 'link")


def test_a_link_through_one_deeper_than_the_longest_path_is_left_out(tmp_path: Path) -> None:
    """Broken: it shows any file of this user, as the system follows what Python cannot check."""
    folder, steps, files, place = "d" * 254, "abcdefghijklmno", {"app.py": "x"}, ""
    for step in steps:
        files |= {f"{place}{folder}/file": "x", f"{place}{step}": f"->{folder}"}
        place += f"{folder}/"
    deep = f"{'/'.join(steps)}/{'l' * 254}"
    files |= {deep: f"->{'../' * len(steps)}", "escape": f"->{deep}/../secret"}
    (tmp_path / "secret").write_text("secret")
    sentences = unpack("source", tar_of(tmp_path / "a.tar.gz", **files), tmp_path / "out")
    assert not (tmp_path / "out/escape").is_symlink()
    assert (tmp_path / "out/a/b/c/file").read_text() == "x"
    assert any(sentence.startswith("a.tar.gz: 'escape' is a link") for sentence in sentences)


@pytest.mark.parametrize("name", ["/etc/passwd", "../../../etc/passwd"])
def test_a_hard_link_that_leads_out_is_left_out_too(tmp_path: Path, name: str) -> None:
    """Broken: the archive is called damaged, and whoever makes it anew finds no fault."""
    file, link = tarfile.TarInfo("deep/down/app.py"), tarfile.TarInfo("deep/down/link")
    link.type, link.linkname = tarfile.LNKTYPE, name
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.addfile(file)
        archive.addfile(link)
    (sentence,) = unpack("source", tmp_path / "a.tar", tmp_path / "out")
    assert "link that leads out of the archive" in sentence
    assert [file.name for file in (tmp_path / "out/down").iterdir()] == ["app.py"]
