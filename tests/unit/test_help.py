"""What the help of every command and option must say."""

import pkgutil
import shlex

import pytest
import typer

from onionrig.cli import commands as modules_of_commands
from onionrig.cli.main import COMMANDS, application

PREPOSITIONS = {
    "of",
    "by",
    "from",
    "to",
    "in",
    "on",
    "at",
    "for",
    "with",
    "so",
    "what",
    "where",
    "how",
}


def commands(command=None, path=()):
    """Yield every command that does something, with the words that call it."""
    command = command or typer.main.get_command(application())
    below = getattr(command, "commands", None)
    if below is None:
        yield pytest.param(command, id=" ".join(path))
        return
    for name, one in below.items():
        yield from commands(one, (*path, name))


EVERY = list(commands())


def options_of(command):
    with typer.main.get_command(application()).make_context("onionrig", ["schema"]) as context:
        return [
            param
            for param in command.get_params(context)
            if not param.hidden and param.name != "help"
        ]


@pytest.mark.parametrize("command", EVERY)
def test_every_option_says_what_it_is_and_its_default(command):
    for param in options_of(command):
        text = param.help or ""
        assert text.endswith("."), f"{param.name}: {text}"
        assert text.split()[0].lower() not in PREPOSITIONS, f"{param.name}: {text}"
        says = any(word in text for word in ("(default: ", "required"))
        if param.default is None and not param.required:
            assert says, f"{param.name}: {text}"


@pytest.mark.parametrize("command", EVERY)
def test_no_flag_has_a_type_beside_it(command):
    assert not [
        param.name
        for param in options_of(command)
        if getattr(param, "is_flag", False) and param.metavar
    ]


@pytest.mark.parametrize("command", EVERY)
def test_no_argument_has_a_type_beside_it(command):
    with typer.main.get_command(application()).make_context("onionrig", ["schema"]) as context:
        arguments = [one for one in options_of(command) if one.param_type_name == "argument"]
        assert [one.display_type_rich(context) for one in arguments] == [None] * len(arguments)


@pytest.mark.parametrize("command", EVERY)
def test_paragraphs_of_help_are_folded_by_the_terminal_alone(command):
    assert [part for part in command.help.split("\n\n") if "\n" in part] == []


@pytest.mark.parametrize("command", EVERY)
def test_every_command_has_examples_whose_options_it_knows(command):
    examples = [line for line in command.epilog.splitlines() if line.startswith("$ ")]
    assert examples
    known = {word for param in options_of(command) for word in (*param.opts, *param.secondary_opts)}
    for example in examples:
        words = shlex.split(example.removeprefix("$ "))
        assert words[0] == "onionrig"
        assert command.name in words[1:3]
        assert {word for word in words if word.startswith("-")} <= known, example


def test_every_command_of_the_first_help_is_in_a_group_of_its_own():
    for name, command in typer.main.get_command(application()).commands.items():
        assert isinstance(command.rich_help_panel, str), name


def test_every_module_of_a_command_is_listed_and_adds_the_command_of_its_name():
    modules = {module.name for module in pkgutil.iter_modules(modules_of_commands.__path__)}
    assert sorted(modules) == sorted(COMMANDS)
    assert set(COMMANDS) <= typer.main.get_command(application()).commands.keys()
