"""What cannot be drawn is refused by every command alike, before anything is loaded: exit code 2, one sentence."""

import pytest

from ..command import bench, is_one_sentence

COMMANDS = {
    "run": ("run", "--reader", "majority"),
    "ablate": ("ablate", "--reader", "majority"),
    "probe": ("probe", "--reader", "resnet1d"),
    "contamination": ("contamination", "--reader", "measurements"),
    "finetune": ("finetune", "--model", "nowhere/to-be-found"),
    "encoder-probe": ("encoder-probe", "--model", "nowhere/to-be-found"),
    "export": ("dataset", "export", "pages"),
    "render": ("render", "--ids", "9"),
    "prompt": ("prompt", "--id", "9"),
}
WRONG = {
    "renderer": (("--renderer", "printd"), "unknown renderer 'printd': choose from "),
    "resolution": (("--px-per-mm", "100"), "px_per_mm must be between 2 and 24, not 100"),
    "zero": (("--px-per-mm", "0"), "px_per_mm must be between 2 and 24, not 0"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("wrong", WRONG)
def test_a_picture_that_cannot_be_drawn_is_refused(command, wrong, tmp_path):
    words, said = WRONG[wrong]
    done = bench(*COMMANDS[command], *words, cwd=tmp_path)
    assert is_one_sentence(done, said), done.stderr
    assert not list(tmp_path.iterdir())
