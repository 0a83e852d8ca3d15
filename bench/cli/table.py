"""Every command: where it is, and one line on what it does. A new command is one new file and one line here."""

COMMANDS = {
    "run": ("bench.cli.run:run", "Run a reader over a split and score it."),
    "job": ("bench.cli.job:job", "Run what a TOML file names: several readers, conditions and pages."),
    "ablate": (
        "bench.cli.ablate:ablate",
        "Say whether a reader can read the trace, follows the numbers or recites the prior.",
    ),
    "probe": ("bench.cli.probe:probe", "Change one thing of each record and see whether the answers move."),
    "explain": (
        "bench.cli.explain:explain",
        "Show what moved each answer, and which maps of it deserve belief.",
    ),
    "contamination": (
        "bench.cli.contamination:contamination",
        "Say whether a reader has memorised published records.",
    ),
    "selftest": ("bench.cli.selftest:selftest", "Check the verdicts on readers whose behaviour is known."),
    "retry": ("bench.cli.retry:retry", "Ask the failed calls of a run again."),
    "score": ("bench.cli.score:score", "Score a run again, or predictions made elsewhere."),
    "calls": ("bench.cli.calls:calls", "Show what a reader with instruments looked at in a case of a run."),
    "compare": ("bench.cli.compare:compare", "Compare runs on the cases that they share."),
    "list": ("bench.cli.list:list_runs", "List the runs: how far each is, and its headline."),
    "view": ("bench.cli.view:view", "Look at runs in the browser: trace, question, answer and truth."),
    "show": ("bench.cli.show:show", "Show one record: its truth, measurements, and what runs said of it."),
    "demo": ("bench.cli.demo:demo", "Show one ECG to the readers on this machine, in the browser (extra app)."),
    "read-blind": ("bench.cli.read_blind:read_blind", "The reading room: a person answers the same cases."),
    "readers": ("bench.cli.readers:readers", "List the readers and what they need."),
    "axes": ("bench.cli.axes:axes", "List the eight axes, their values and majorities."),
    "conditions": ("bench.cli.axes:conditions", "List the conditions, and what each hides."),
    "check-reader": ("bench.cli.check_reader:check_reader", "Test a reader of your own against the contract."),
    "read": ("bench.cli.read:read", "Read ECGs of one's own: WFDB, CSV, DICOM, HL7 aECG or SCP-ECG files."),
    "prompt": ("bench.cli.prompt:prompt", "Print exactly what a reader would be told and shown."),
    "render": ("bench.cli.render:render", "Draw records as PNG pictures."),
    "data": ("bench.cli.main:data", "Get, check and describe recordings: fetch, verify, info, explain."),
    "dataset": ("bench.cli.main:dataset", "The rendered benchmark for other training frameworks: export."),
    "train": ("bench.cli.main:train", "Make a built-in reader from training folds: resnet1d."),
    "finetune": (
        "bench.cli.finetune:finetune",
        "Fine-tune an open vision-language model by LoRA; resumes after a kill.",
    ),
    "encoder-probe": (
        "bench.cli.encoder_probe:encoder_probe",
        "Say whether an open model's image encoder carries what the axes ask for.",
    ),
    "experiment": (
        "bench.cli.experiment:experiment",
        "The seven experiments that showed models learning the prior; and domain shift.",
    ),
    "submit": ("bench.cli.leaderboard:submit", "Validate a run and add it to the leaderboard."),
    "leaderboard": ("bench.cli.leaderboard:leaderboard", "Rebuild or check the leaderboard."),
    "site": ("bench.cli.site:site", "Write the leaderboard as a static site."),
    "completion": ("bench.cli.completion:completion", "Print what makes a shell complete commands and their values."),
}

DATA_COMMANDS = {
    "fetch": ("bench.cli.data:fetch", "Download PTB-XL from PhysioNet; resumes, and checks every file."),
    "verify": ("bench.cli.data:verify", "Say what is missing or wrong in a data folder."),
    "info": ("bench.cli.data:info", "Describe the records at hand."),
    "explain": ("bench.cli.data_explain:explain", "Say for a record how its truth came about, axis by axis."),
}

DATASET_COMMANDS = {
    "export": ("bench.cli.dataset:export", "Write images, prompts, targets and truth as parquet, with a dataset card."),
}

TRAIN_COMMANDS = {
    "resnet1d": ("bench.cli.train:resnet1d", "Train the signal-native network; resumes after a kill."),
}

EXPERIMENT_COMMANDS = {
    "domains": (
        "bench.cli.experiment_domains:domains",
        "What is a reader worth at its own hospital, at one left out of its training, and at foreign ones?",
    ),
}

RESUMING = frozenset(
    {
        "run", "ablate", "contamination", "probe", "selftest", "render", "finetune", "train resnet1d", "experiment",
        "experiment domains", "encoder-probe", "explain", "retry", "job", "read-blind", "dataset export", "data fetch",
    }
)  # fmt: skip
"""Commands that keep what they have finished, and go on from there when they are given again."""

KEEPING_NOTHING = frozenset({"--dry-run", "--show-limits", "--simulate"})
"""Options with which such a command writes nothing that it could go on from."""
