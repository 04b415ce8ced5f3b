"""Tests of `slipway.yaml`: it is read completely, or refused with field, value and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.configuration import (
    Configuration,
    absolute_source,
    read_configuration,
    refuse_unknown_names,
)
from tasks.errors import BadInputError, NotFoundError

GOOD = """
projects:
  shop:
    source: ./shop-{version}
    version: "1"
    services: {web: {command: "serve {{ port }}"}}
    workloads:
      tests: {kind: pytest}
      build: {kind: steps, steps: [{id: a, run: make}]}
environments:
  dev: {variables: {A: b}, secrets: {KEY: {env: SHOP_KEY}}, shared_with: all}
providers:
  local: {kind: shell, slots: 2}
repositories:
  local: {kind: restic, location: backups}
"""


def read(tmp_path: Path, text: str, **environ: str) -> Configuration:
    """Write ``text`` as slipway.yaml and read it back."""
    file = tmp_path / "slipway.yaml"
    file.write_text(text)
    return read_configuration(file, environ)


def refused(tmp_path: Path, text: str, **environ: str) -> BadInputError:
    """Return the error that ``text`` is refused with."""
    with pytest.raises(BadInputError) as caught:
        read(tmp_path, text, **environ)
    return caught.value


def test_reads_every_section(tmp_path: Path) -> None:
    """Without it, what a user wrote would be lost on the way to the blocks."""
    configuration = read(tmp_path, GOOD, SHOP_KEY="s3cret")
    shop = configuration.projects["shop"]
    assert shop.services["web"].command == "serve {{ port }}"
    assert {name: spec.kind for name, spec in shop.workloads.items()} == {
        "tests": "pytest",
        "build": "steps",
    }
    assert configuration.environments["dev"].secrets["KEY"].get_secret_value() == "s3cret"
    assert configuration.providers["local"] == {"kind": "shell", "slots": 2}


def test_relative_sources_start_at_the_file(tmp_path: Path) -> None:
    """A worker runs elsewhere: a relative source would point into its own folder."""
    configuration = read(tmp_path, GOOD, SHOP_KEY="x")
    assert configuration.projects["shop"].source == str(tmp_path.resolve() / "./shop-{version}")


@pytest.mark.parametrize("source", ["https://e.org/x.git", "git@e.org:x.git", "/abs", "~/x"])
def test_urls_and_absolute_sources_stay(source: str) -> None:
    """A URL joined to a folder names nothing."""
    assert absolute_source(source, Path("/folder")) == source


def test_an_unknown_key_is_refused_with_the_close_one(tmp_path: Path) -> None:
    """A typo that is ignored is a setting that silently does not hold."""
    error = refused(tmp_path, "projects: {shop: {source: x, verison: '1'}}")
    assert error.field == "projects.shop.verison"
    assert "version" in error.remedy


def test_an_unknown_section_is_refused(tmp_path: Path) -> None:
    """A misspelt section would configure nothing."""
    assert refused(tmp_path, "project: {}").value == "project"


def test_a_wrong_type_names_the_field(tmp_path: Path) -> None:
    """The user must see which of many fields is wrong."""
    error = refused(tmp_path, "projects: {shop: {source: x, services: {web: {replicas: many}}}}")
    assert error.field == "projects.shop.services.web.replicas"
    assert error.value == "many"


@pytest.mark.parametrize(
    "field", ["replicas", "port", "drain_seconds", "demand.cpus", "demand.memory_mib"]
)
def test_yes_is_no_number(tmp_path: Path, field: str) -> None:
    """Broken: `replicas: yes` is one process, and `drain_seconds: no` ends requests at once."""
    *outer, key = field.split(".")
    service = f"{{{key}: true}}"
    for name in outer:
        service = f"{{{name}: {service}}}"
    with pytest.raises(BadInputError, match=r"is not a number \(got True\)\. Write") as caught:
        read(tmp_path, f"projects: {{shop: {{source: ., services: {{web: {service}}}}}}}")
    assert caught.value.field == f"projects.shop.services.web.{field}"


def test_a_name_is_a_variable_or_a_secret(tmp_path: Path) -> None:
    """Broken: which of two values a service gets is a matter of luck."""
    with pytest.raises(BadInputError, match="KEY is both a variable and a secret") as caught:
        read(tmp_path, "environments: {dev: {variables: {KEY: plain}, secrets: {KEY: hunter22}}}")
    assert caught.value.field == "environments.dev"
    assert "hunter22" not in str(caught.value)


def test_a_wrong_secret_is_not_shown(tmp_path: Path) -> None:
    """An error message ends in logs."""
    error = refused(tmp_path, "environments: {dev: {secrets: {KEY: [hunter2]}}}")
    assert "hunter2" not in str(error)


def test_a_value_in_the_place_of_a_name_is_not_shown(tmp_path: Path) -> None:
    """Broken: a secret that was written where its variable belongs is in a log for ever."""
    text = "environments: {dev: {secrets: {KEY: {env: 'hunter22!'}}}}"
    with pytest.raises(BadInputError, match="is not the name of a variable") as caught:
        read(tmp_path, text)
    assert "hunter22" not in str(caught.value)


def test_an_unset_variable_is_named(tmp_path: Path) -> None:
    """An empty secret would fail much later, and elsewhere."""
    error = refused(tmp_path, GOOD)
    assert (error.field, error.value) == ("environments.dev.secrets.KEY", "SHOP_KEY")


CLASH = "source: x, services: {a: {port: 22012}, b: {port: 22012}}"
"""Two services at one port: the error is that of the whole project."""


@pytest.mark.parametrize(
    "text",
    [
        f"projects: {{shop: {{environments: {{dev: {{secrets: {{K: hunter2}}}}}}, {CLASH}}}}}",
        f"projects: {{shop: {{credentials: {{'https://h/': 'u:hunter2'}}, {CLASH}}}}}",
        "projects: {shop: {source: x, environments: {dev: hunter2}}}",
        "projects: {shop: {source: x, environments: [hunter2]}}",
        "projects: {shop: {source: x, environments: {dev: {variables: {A: {x: hunter2}}}}}}",
        "projects: {shop: {source: {key: hunter2}}}",
        "projects: {shop: {source: x, services: {web: {port: 22012, env: {KEY: hunter2}}}}}",
        "environments: {dev: hunter2}",
        "repositories: {r: hunter2}",
        "providers: [hunter2]",
    ],
)
def test_what_a_mapping_or_a_list_holds_is_not_shown(tmp_path: Path, text: str) -> None:
    """A secret that was given in the right place would be quoted for the fault of its neighbour."""
    assert "hunter2" not in str(refused(tmp_path, text))


def test_a_misspelt_key_is_named_before_the_one_that_lacks(tmp_path: Path) -> None:
    """Who writes `interval` would read that `cron` is missing."""
    error = refused(tmp_path, "projects: {shop: {source: x, schedules: {backup: {interval: 60}}}}")
    assert error.problem == "unknown key"
    assert error.field.endswith(".interval")


@pytest.mark.parametrize(
    "text",
    [
        f"projects: {{{'a' * 101}: {{source: x}}}}",
        "projects: {shop: {source: x, workloads: {" + "a" * 101 + ": {steps: [{id: a, run: x}]}}}}",
    ],
)
def test_a_name_that_no_operation_takes_is_refused(tmp_path: Path, text: str) -> None:
    """What was configured could be neither launched nor forgotten."""
    assert refused(tmp_path, text).problem == "is not a valid name"


@pytest.mark.parametrize("name", ["Shop", "my_shop", "-x", "a b"])
def test_names_are_those_prefect_takes(tmp_path: Path, name: str) -> None:
    """Half of a file would be saved before Prefect refused the name."""
    assert refused(tmp_path, f'projects: {{"{name}": {{source: x}}}}').value == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "# projects:\n",
        "---\n",
        "{}",
        "projects: {}",
        "x-a: {b: c}",
        "projects: {}\nproviders: {}",
    ],
)
def test_a_file_that_configures_nothing_is_refused(tmp_path: Path, text: str) -> None:
    """A file that was emptied, or saved half, would be Completed as if something was configured."""
    error = refused(tmp_path, text)
    assert (error.field, error.value) == ("file", str(tmp_path / "slipway.yaml"))
    assert error.problem == "configures nothing"
    assert "projects, environments, providers, repositories or notifications" in error.remedy
    assert "`forget`" in error.remedy


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "just words"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    """A file of another kind must not read as an empty configuration."""
    assert refused(tmp_path, text).field == "file"


def test_keys_of_the_user_are_left_alone(tmp_path: Path) -> None:
    """What several services share could be written only once for each of them."""
    text = "x-web: &web {health_path: /ok}\nprojects: {shop: {source: x, services: {web: *web}}}\n"
    assert read(tmp_path, text).projects["shop"].services["web"].health_path == "/ok"


def test_a_key_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    """The first of two projects of one name would be lost without a word."""
    error = refused(tmp_path, "projects:\n  shop: {source: a}\n  shop: {source: b}\n")
    assert "line 3, column 3: this key occurs twice, first at line 2" in error.problem


def test_another_encoding_is_refused_with_its_place(tmp_path: Path) -> None:
    """A file in Latin-1 would show a stack trace; one with a mark would be refused."""
    file = tmp_path / "slipway.yaml"
    file.write_bytes(b"\xef\xbb\xbfenvironments: {dev: {variables: {A: gr\xc3\xbc\xc3\x9fe}}}")
    assert read_configuration(file).environments["dev"].variables == {"A": "grüße"}
    file.write_bytes(b"environments:\n  dev: {variables: {A: gr\xfc\xdfe}}")
    with pytest.raises(BadInputError, match=r"not UTF-8 at line 2, byte 40 \(0xfc\)"):
        read_configuration(file)


def test_a_large_value_does_not_make_a_large_message(tmp_path: Path) -> None:
    """An alias in the wrong place would bury the remedy under 20,000 characters."""
    text = "x-a: &a [[b, b, b, b], [b, b, b, b]]\nx-c: &c [*a, *a, *a, *a, *a]\nx-d: &d [*c, *c, *c, *c]\n"
    error = refused(tmp_path, text + "projects: {shop: {source: [*d, *d, *d, *d]}}")
    assert error.field == "projects.shop.source"
    assert len(str(error)) < 500


@pytest.mark.parametrize("name", ["a/b", "..", "", "a b", "x" * 64])
def test_a_service_has_a_name_that_can_be_a_folder(tmp_path: Path, name: str) -> None:
    """The files of a service would be written somewhere else."""
    error = refused(tmp_path, f"projects: {{shop: {{source: x, services: {{{name!r}: {{}}}}}}}}")
    assert "is not a valid service name" in error.problem


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The error names the path that was looked at."""
    with pytest.raises(BadInputError, match=r"nowhere\.yaml"):
        read_configuration(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("projects: {shop: {source: x, environments: {prd: {}}}}", "projects.shop.environments"),
        ("environments: {dev: {shared_with: [shpo]}}", "environments.dev.shared_with"),
        ("projects: {shop: {source: x, repository: ofsite}}", "projects.shop.repository"),
    ],
)
def test_names_that_nothing_bears_are_refused(tmp_path: Path, text: str, field: str) -> None:
    """Values of a misspelt environment would reach nothing, and nobody would be told."""
    with pytest.raises(NotFoundError) as caught:
        refuse_unknown_names(read(tmp_path, text), ["shop"], ["prod"], ["local"])
    assert caught.value.field == field


def test_names_of_the_file_and_of_what_is_configured_are_known(tmp_path: Path) -> None:
    """What was made in the UI could not be used by a file."""
    text = """
projects:
  shop: {source: x, repository: own, environments: {prod: {}, dev: {variables: {A: b}}}}
  blog: {source: x, repository: offsite}
repositories: {own: {kind: restic, location: /srv/own}}
environments: {dev: {variables: {A: b}, shared_with: [shop, blog]}}
"""
    refuse_unknown_names(read(tmp_path, text), ["blog"], ["prod"], ["offsite"])


def test_an_environment_to_inherit_from_is_proposed_with_who_inherits_it(tmp_path: Path) -> None:
    """The user adds what the error says, and the values still reach nobody."""
    text = "projects: {shop: {source: ., environments: {base: {variables: {GREETING: x}}}}}"
    with pytest.raises(NotFoundError, match=r"\{base: \{\}, dev: \{inherits: base\}\}"):
        refuse_unknown_names(read(tmp_path, text), [], ["dev"], ["local"])


def test_a_nul_is_refused_wherever_it_stands_and_no_secret_is_shown(tmp_path: Path) -> None:
    """Broken: what YAML writes as an escape is saved, and ends a later launch with a stack trace."""
    file = tmp_path / "slipway.yaml"
    file.write_text('projects: {shop: {source: "/srv/a\\0b"}}')
    with pytest.raises(BadInputError, match=r"^projects\.shop\.source: holds a NUL.*Leave it out"):
        read_configuration(file)
    file.write_text('environments: {dev: {secrets: {KEY: "hun\\0ter"}}}')
    with pytest.raises(BadInputError, match=r"^environments\.dev\.secrets\.KEY: holds") as raised:
        read_configuration(file)
    assert "hun" not in str(raised.value)


@pytest.mark.parametrize(
    "text", ["hunter2: x\n", "AWS_SECRET: hunter2\n", "root:hunter2:19000:0\n", "- hunter2\n"]
)
def test_nothing_of_another_file_is_quoted(tmp_path: Path, text: str) -> None:
    """Broken: `configure` of a file of passwords shows its lines in the state of the run."""
    assert "hunter2" not in str(refused(tmp_path, text))
