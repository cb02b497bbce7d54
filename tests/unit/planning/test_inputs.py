"""From answers to arguments and environment (registry-and-protocol §2.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import server_text
from mcpinstall.model.host import EnvironmentValue, SecretPlace
from mcpinstall.model.input_value import InputValue
from mcpinstall.model.server_json import Package
from mcpinstall.planning import inputs
from mcpinstall.planning.inputs import Around, Resolved
from tests.builders.registry_folders import server_json

CWD, HOME = Path("/srv/here"), Path("/home/user")
REPOSITORY = {"type": "named", "name": "--repository", "format": "filepath", "isRequired": True}
TOKEN = {"name": "CLOCK_TOKEN", "isSecret": True, "isRequired": True}


def package(*arguments: Mapping[str, Any], env: Sequence[Mapping[str, Any]] = ()) -> Package:
    data = server_json(packageArguments=list(arguments), environmentVariables=list(env))
    return server_text.parse(data, "server.json").packages[0]


def resolved(
    described: Package, given: Mapping[str, Sequence[str]] | None = None, *, plain: bool = False
) -> Resolved:
    around = Around(cwd=CWD, home=HOME, exists=lambda _: True, plaintext_secrets=plain)
    return inputs.resolve(described, given or {}, around)


def refusal(described: Package, given: Mapping[str, Sequence[str]]) -> McpInstallError:
    with pytest.raises(McpInstallError) as refused:
        resolved(described, given)
    return refused.value


def test_a_required_path_is_made_absolute() -> None:
    found = resolved(package(REPOSITORY), {"repository": ["../code/./app"]})

    assert found.arguments == ("--repository", "/srv/code/app")
    assert found.template == ("--repository", "{repository}")
    assert found.values == (InputValue(name="repository", value="/srv/code/app", source="user"),)
    assert found.missing == ()


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("~", "/home/user"),
        ("~/a b", "/home/user/a b"),
        ("/etc/../srv", "/srv"),
        (".", "/srv/here"),
    ],
)
def test_a_path_is_read_against_home_and_working_directory(text: str, path: str) -> None:
    assert resolved(package(REPOSITORY), {"repository": [text]}).arguments[1] == path


@pytest.mark.parametrize("text", ["", "~somebody/x", "a\nb", "a\0b"])
def test_a_path_that_means_nothing_is_refused(text: str) -> None:
    assert refusal(package(REPOSITORY), {"repository": [text]}).code is ErrorCode.INPUT_INVALID


def test_a_path_that_does_not_exist_is_refused() -> None:
    with pytest.raises(McpInstallError) as refused:
        around = Around(cwd=CWD, home=HOME, exists=lambda _: False)
        inputs.resolve(package(REPOSITORY), {"repository": ["x"]}, around)

    assert refused.value.message == "`repository` does not exist: `/srv/here/x`"
    assert refused.value.hint == "give it as `--set repository=PATH`"


def test_a_required_input_without_an_answer_is_missing() -> None:
    found = resolved(package(REPOSITORY))

    assert [question.flag for question in found.missing] == ["--set repository=PATH"]


def test_an_optional_input_without_an_answer_is_left_out_as_a_whole() -> None:
    described = package(
        {"type": "named", "name": "--zone", "placeholder": "UTC"},
        {"type": "positional", "valueHint": "folder"},
        {"type": "named", "name": "--url", "value": "x:{port}", "variables": {"port": {}}},
        env=[{"name": "CLOCK_ZONE"}],
    )

    found = resolved(described)

    assert (found.arguments, found.environment, found.missing) == ((), (), ())


def test_defaults_are_used() -> None:
    described = package(
        {"type": "named", "name": "--zone", "default": "UTC"},
        env=[{"name": "CLOCK_ZONE", "default": "CET"}],
    )

    found = resolved(described)

    assert found.arguments == ("--zone", "UTC")
    assert found.environment == (EnvironmentValue(name="CLOCK_ZONE", value="CET"),)
    assert {value.source for value in found.values} == {"default"}


def test_fixed_values_come_in_the_order_of_the_document() -> None:
    described = package(
        {"type": "positional", "value": "serve"},
        {"type": "named", "name": "--quiet"},
        {"type": "named", "name": "--level", "value": "3"},
    )

    assert resolved(described).arguments == ("serve", "--quiet", "--level", "3")
    assert inputs.questions(described) == ()


def test_every_occurrence_of_a_variable_is_replaced_once() -> None:
    described = package(
        {
            "type": "positional",
            "value": "{a}-{b}-{a}",
            "variables": {"a": {"isRequired": True}, "b": {"default": "x"}},
        }
    )

    found = resolved(described, {"a": ["{b}$&"]})

    assert found.arguments == ("{b}$&-x-{b}$&",)


def test_a_value_like_an_option_is_bound_to_its_flag() -> None:
    described = package({"type": "named", "name": "--note", "placeholder": "text"})

    assert resolved(described, {"note": ["--exec=sh"]}).arguments == ("--note=--exec=sh",)


def test_a_repeated_input_takes_several_answers() -> None:
    described = package(
        {"type": "named", "name": "--root", "format": "filepath", "isRepeated": True},
        {"type": "positional", "valueHint": "word", "isRepeated": True},
    )

    found = resolved(described, {"root": ["/a", "/b"], "word": ["x", "y"]})

    assert found.arguments == ("--root", "/a", "--root", "/b", "x", "y")
    assert found.template == ("--root", "{root}", "--root", "{root}", "x", "y")


def test_a_single_input_takes_one_answer() -> None:
    assert refusal(package(REPOSITORY), {"repository": ["/a", "/b"]}).message == (
        "`repository` takes one value"
    )


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"choices": ["a", "b"]}, "c"),
        ({"format": "number"}, "1e999"),
        ({"format": "number"}, "1_000"),
        ({"format": "number"}, "nan"),
        ({"format": "boolean"}, "yes"),
    ],
)
def test_an_answer_of_the_wrong_form_is_refused(keys: dict[str, Any], text: str) -> None:
    described = package({"type": "named", "name": "--mode"} | keys)

    assert refusal(described, {"mode": [text]}).code is ErrorCode.INPUT_INVALID


def test_an_unknown_input_suggests_near_ones() -> None:
    error = refusal(package(REPOSITORY), {"repositry": ["/a"]})

    assert error.code is ErrorCode.INPUT_UNKNOWN
    assert error.hint == "did you mean `repository`"


def test_a_name_is_taken_as_it_stands() -> None:
    error = refusal(package(env=[{"name": "CLOCK_ZONE"}]), {"clock-zone": ["UTC"]})

    assert error.code is ErrorCode.INPUT_UNKNOWN


def test_a_secret_is_a_reference_to_the_variable_of_its_name() -> None:
    found = resolved(package(env=[TOKEN]))

    assert found.environment == (
        EnvironmentValue(name="CLOCK_TOKEN", reference="CLOCK_TOKEN", secret=True),
    )
    assert found.values[0].value is None
    assert found.missing == ()


def test_a_secret_that_may_stand_in_clear_text_is_asked_for() -> None:
    found = resolved(package(env=[TOKEN]), plain=True)

    assert [question.name for question in found.missing] == ["CLOCK_TOKEN"]
    assert found.environment == ()


def test_a_secret_can_refer_to_another_variable() -> None:
    found = resolved(package(env=[TOKEN]), {"CLOCK_TOKEN": ["env:MY_TOKEN"]})

    assert found.environment[0].reference == "MY_TOKEN"
    assert found.values == (
        InputValue(
            name="CLOCK_TOKEN",
            value=None,
            reference="MY_TOKEN",
            secret=True,
            source="user",
            place=SecretPlace.VARIABLE,
        ),
    )


def test_an_optional_secret_without_an_answer_is_not_set() -> None:
    assert resolved(package(env=[TOKEN | {"isRequired": False}])).environment == ()


def test_a_secret_in_clear_text_needs_the_flag_for_it() -> None:
    error = refusal(package(env=[TOKEN]), {"CLOCK_TOKEN": ["hunter2"]})

    assert error.code is ErrorCode.INPUT_INVALID
    assert "hunter2" not in f"{error.message}{error.hint}{error.evidence}"
    assert "--plaintext-secrets" in error.hint


def test_a_secret_in_clear_text_is_in_no_recorded_value() -> None:
    found = resolved(package(env=[TOKEN]), {"CLOCK_TOKEN": ["hunter2"]}, plain=True)

    assert found.environment == (
        EnvironmentValue(name="CLOCK_TOKEN", value="hunter2", secret=True, place=SecretPlace.CLEAR),
    )
    assert "hunter2" not in repr(found.values)


def test_a_reference_that_names_no_variable_is_refused() -> None:
    assert refusal(package(env=[TOKEN]), {"CLOCK_TOKEN": ["env:A B"]}).code is (
        ErrorCode.INPUT_INVALID
    )


@pytest.mark.parametrize(
    "argument",
    [
        {"type": "named", "name": "--token", "isSecret": True},
        {"type": "positional", "value": "k={k}", "variables": {"k": {"isSecret": True}}},
    ],
)
def test_a_secret_never_becomes_an_argument(argument: dict[str, Any]) -> None:
    with pytest.raises(McpInstallError) as refused:
        inputs.questions(package(argument))

    assert refused.value.code is ErrorCode.POLICY_REFUSED


def test_a_name_in_two_places_is_one_question() -> None:
    template = {"value": "{port}", "variables": {"port": {"isRequired": True}}}
    described = package({"type": "positional", **template}, env=[{"name": "PORT", **template}])

    found = resolved(described, {"port": ["80"]})

    assert len(inputs.questions(described)) == 1
    assert (found.arguments, found.environment[0].value) == (("80",), "80")


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30))
def test_any_answer_is_one_argument(text: str) -> None:
    described = package({"type": "positional", "valueHint": "word"})

    assert resolved(described, {"word": [text]}).arguments == (text,)
