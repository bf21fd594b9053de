"""What rl-games is told: it reads this from a YAML file elsewhere."""

from __future__ import annotations

from typing import Any

from franka_imitation.learning.policy import HIDDEN
from franka_imitation.learning.ppo_config import PpoConfig

NAME = "rhov"
AGENT = "a2c_continuous"


def recipe(config: PpoConfig, seed: int, folder: str, *, goes_on: bool) -> dict[str, Any]:
    """The parameters of a training.

    Args:
        config: How to learn.
        seed: Of the first weights.
        folder: For what rl-games writes by itself.
        goes_on: Whether it begins with a policy. Actor and critic then share no layers: what the critic learns at first
            must not move the actor.
    """
    return {
        "params": {
            "seed": seed + 1,  # rl-games leaves out a seed of 0
            "torch_threads": 0,  # as they are
            "algo": {"name": AGENT},
            "model": {"name": "continuous_a2c_logstd"},
            "network": _network(config, goes_on),
            "config": _algorithm(config, folder),
        }
    }


def _network(config: PpoConfig, separate: bool) -> dict[str, Any]:
    continuous = {
        "mu_activation": "None",
        "sigma_activation": "None",
        "mu_init": {"name": "default"},
        "sigma_init": {"name": "const_initializer", "val": config.log_deviation},
        "fixed_sigma": True,
    }
    return {
        "name": "actor_critic",
        "separate": separate,
        "space": {"continuous": continuous},
        "mlp": {"units": list(HIDDEN), "activation": "elu", "initializer": {"name": "default"}},
    }


def _algorithm(config: PpoConfig, folder: str) -> dict[str, Any]:
    return {
        "name": NAME,
        "env_name": NAME,
        "env_config": {},
        "train_dir": folder,
        "device": "cpu",
        "device_name": "cpu",
        "multi_gpu": False,
        "torch_compile": False,  # costs minutes and gains nothing for a network this small
        "ppo": True,
        "mixed_precision": False,
        "normalize_input": True,
        "normalize_value": True,
        "normalize_advantage": True,
        "value_bootstrap": True,
        "num_actors": config.environments,
        "reward_shaper": {"scale_value": 1.0},
        "gamma": config.gamma,
        "tau": config.tau,
        "learning_rate": config.learning_rate,
        "lr_schedule": "adaptive" if config.kl_threshold else None,
        "kl_threshold": config.kl_threshold,
        "max_epochs": config.epochs,
        "save_best_after": config.epochs + 1,
        "save_frequency": 0,
        "print_stats": False,
        "grad_norm": 1.0,
        "truncate_grads": True,
        "entropy_coef": 0.0,
        "e_clip": config.clip,
        "clip_value": True,
        "horizon_length": config.horizon,
        "minibatch_size": config.environments * config.horizon // config.minibatches,
        "mini_epochs": config.mini_epochs,
        "critic_coef": 2,
        "bounds_loss_coef": 1e-4,
    }
