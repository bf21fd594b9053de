"""The agent of rl-games, with a start from a policy, an anchor to it, a warm-up of the critic, and safe checkpoints.

Needs rl-games: import it where it is used.
"""

from __future__ import annotations

from typing import Any

import torch
from rl_games.algos_torch.a2c_continuous import A2CAgent
from torch import Tensor

from franka_imitation.learning.anchor import Anchor
from franka_imitation.learning.policy import PolicyNetwork
from franka_imitation.learning.ppo_config import PpoConfig
from franka_imitation.learning.ppo_weights import to_actor
from franka_imitation.learning.seeds import mixed


class Agent(A2CAgent):  # type: ignore[misc]
    """PPO.

    Args:
        base_name: See rl-games.
        params: See rl-games.
        how: Warm-up and anchor.
        start: The policy to begin with; None: random weights. Its normalisation of the observations stays.
        state: What `kept` returned; goes on from there.
    """

    def __init__(
        self,
        base_name: str,
        params: dict[str, Any],
        *,
        how: PpoConfig,
        start: PolicyNetwork | None,
        state: dict[str, Any] | None,
    ) -> None:
        super().__init__(base_name, params)
        self._how, self._seed = how, int(params["seed"])
        self._anchor = Anchor(start, how.anchor) if start is not None and how.anchor else None
        self._keeps_normal = start is not None
        self._observations = torch.empty(0)
        if start is not None:
            self.model.load_state_dict(to_actor(start), strict=False)
        if state is not None:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimiser"])
            self.epoch_num, self.frame, self.last_lr = state["epoch"], state["frame"], state["learning_rate"]

    def kept(self) -> dict[str, Any]:
        """All that is needed to go on after an update: tensors, numbers and text, nothing to be executed."""
        return {
            "model": {name: value.detach().clone() for name, value in self.model.state_dict().items()},
            "optimiser": self.optimizer.state_dict(),
            "epoch": self.epoch_num,
            "frame": int(self.frame),
            "learning_rate": float(self.last_lr),
        }

    def save(self, fn: str) -> None:
        """Nothing: rl-games' own files would be pickles."""

    def update_epoch(self) -> int:
        """Counts; the actions of an update depend on the seed and its number only, so that a training can go on."""
        number: int = super().update_epoch()
        torch.manual_seed(mixed(self._seed, number))
        return number

    def set_train(self) -> None:
        """See rl-games."""
        super().set_train()
        if self._keeps_normal:
            self.model.running_mean_std.eval()

    def calc_gradients(self, input_dict: dict[str, Tensor]) -> None:
        """See rl-games."""
        self._observations = input_dict["obs"]
        super().calc_gradients(input_dict)

    def calc_losses(
        self,
        actor_loss_func: Any,
        old_action_log_probs_batch: Tensor,
        action_log_probs: Tensor,
        advantage: Tensor,
        curr_e_clip: float,
        value_preds_batch: Tensor,
        values: Tensor,
        return_batch: Tensor,
        mu: Tensor,
        entropy: Tensor,
        rnn_masks: Tensor | None,
    ) -> tuple[Any, ...]:
        """See rl-games; in the warm-up only the critic's loss counts."""
        loss, actor, critic, *others = super().calc_losses(
            actor_loss_func,
            old_action_log_probs_batch,
            action_log_probs,
            advantage,
            curr_e_clip,
            value_preds_batch,
            values,
            return_batch,
            mu,
            entropy,
            rnn_masks,
        )
        if self.epoch_num <= self._how.warm_up:
            loss = 0.5 * critic * self.critic_coef
        elif self._anchor is not None:
            loss = loss + self._anchor.loss(self._observations, mu, self.model.a2c_network.sigma.exp())
        return (loss, actor, critic, *others)

    def update_lr(self, lr: float) -> None:
        """See rl-games. In the warm-up no action changes, which the adaptation would take for too small a rate."""
        if self.epoch_num <= self._how.warm_up:
            lr = self.last_lr = self._how.learning_rate
        super().update_lr(lr)
