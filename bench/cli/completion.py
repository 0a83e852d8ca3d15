"""``bench completion``: the script by which a shell completes commands, options and their values."""

import click

PROGRAM = "ecg-bench"
"""What shells complete: they look a command up by its first word, and ``python`` is anybody's."""

VARIABLE = "_ECG_BENCH_COMPLETE"
"""Set by the script when the shell asks; its value says which shell, and for what."""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that makes SHELL complete ecg-bench: commands, options, names of readers, run folders.

    It completes the installed command, ecg-bench, and not 'python -m bench'. Try it in the shell that is open:

    \b
      bash:  source <(ecg-bench completion bash)
      zsh:   source <(ecg-bench completion zsh)
      fish:  ecg-bench completion fish | source

    To have it in every shell, write it once to a file that the shell reads:

    \b
      bash:  ecg-bench completion bash \\
               > ~/.local/share/bash-completion/completions/ecg-bench
      zsh:   ecg-bench completion zsh > ~/.ecg-bench.zsh, and in ~/.zshrc,
             below compinit: source ~/.ecg-bench.zsh
      fish:  ecg-bench completion fish \\
               > ~/.config/fish/completions/ecg-bench.fish

    bash has to be 4.4 or later; the bash of macOS is older.
    """
    from click.shell_completion import get_completion_class

    from bench.cli.main import bench

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(bench, {}, PROGRAM, VARIABLE).source())
