"""Trains the U-Nets of the tests' dataset 901 by nnU-Net's own commands, each in another way."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shoulderseg.nnunet_ext.plans import write_small_plans
from shoulderseg.nnunet_ext.variants import TRAINERS, plugin_folder
from shoulderseg.workflows.processes.scripts import installed_script

# Runs nnU-Net's command with workers that start from nothing, as on macOS and Windows. Its
# validation takes threads in place of two pools of processes, each of which would import nnU-Net;
# the other trainings have them.
SPAWNING_TRAIN = """
import multiprocessing
from multiprocessing.pool import ThreadPool
from types import SimpleNamespace
from nnunetv2.evaluation import evaluate_predictions
from nnunetv2.run.run_training import run_training_entry
from nnunetv2.training.nnUNetTrainer import nnUNetTrainer
multiprocessing.set_start_method("spawn")
threads = SimpleNamespace(get_context=lambda _: SimpleNamespace(Pool=ThreadPool))
evaluate_predictions.multiprocessing = nnUNetTrainer.multiprocessing = threads
run_training_entry()
"""

# Ends nnU-Net's command after its first epoch, as a lost connection would.
INTERRUPTED_TRAIN = """
import sys
from nnunetv2.run.run_training import run_training_entry
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
begin = nnUNetTrainer.on_epoch_start
def stop(self):
    sys.exit(77) if self.current_epoch == 1 else begin(self)
nnUNetTrainer.on_epoch_start = stop
run_training_entry()
"""
EPOCHS = 2
# The glenoid has the fewest pixels and is learned last.
ITERATIONS = {"humerus": 20, "glenoid": 120, "whole": 20}


def train_unets(preprocessed: Path) -> None:
    """Plans the dataset and trains one fold of each U-Net.

    Args:
        preprocessed: The dataset's folder among what nnU-Net preprocesses.
    """
    plan = ["nnUNetv2_plan_and_preprocess", "-d", "901", "-c", "2d", "-npfp", "1", "-np", "1"]
    _run([installed_script(plan[0]), *plan[1:]])
    write_small_plans(preprocessed, batch_size=6)
    # Much of a training is importing and waiting for workers, so two at a time take less.
    with ThreadPoolExecutor(2) as pool:
        running = [
            pool.submit(_train_humerus),
            pool.submit(_train, [sys.executable, "-c", SPAWNING_TRAIN], "glenoid", workers="1"),
            pool.submit(_train, [installed_script("nnUNetv2_train")], "whole", workers="1"),
        ]
        for training in running:
            training.result()


def _train_humerus() -> None:
    """Trains the first U-Net in two parts."""
    _train([sys.executable, "-c", INTERRUPTED_TRAIN], "humerus", workers="0", expected=77)
    resume = "train 901 --size small --variants humerus --folds 0 --device cpu"
    # Without a length: the training keeps the one it began with.
    _run([installed_script("shoulderseg"), *resume.split()], nnUNet_n_proc_DA="0")


def _train(program: list[str], variant: str, *, workers: str, expected: int = 0) -> None:
    command = [*program, "901", "2d", "0", "-tr", TRAINERS[variant]]
    command += ["-p", "shoulderSmallPlans", "-device", "cpu"]
    variables = {"nnUNet_extTrainer": str(plugin_folder()), "nnUNet_n_proc_DA": workers}
    variables["SHOULDERSEG_EPOCHS"] = str(EPOCHS)
    variables["SHOULDERSEG_ITERATIONS"] = str(ITERATIONS[variant])
    _run(command, expected, **variables)


def _run(command: list[str], expected: int = 0, **variables: str) -> None:
    # Two at a time have one core each.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **variables}
    outcome = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if outcome.returncode != expected:
        output = outcome.stdout[-2000:] + outcome.stderr[-2000:]
        pytest.fail(f"{command} ended with {outcome.returncode}:\n{output}")
