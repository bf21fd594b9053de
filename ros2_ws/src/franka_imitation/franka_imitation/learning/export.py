"""The policy for other programs: ONNX and TorchScript, with normalisation and limits inside."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from franka_imitation.learning.policy import NORMAL_LIMIT, PolicyNetwork
from rhov_core.files import atomic_path

ONNX, TORCHSCRIPT = "policy.onnx", "policy.torchscript.pt"
_OPSET = 17
_IR_VERSION = 9


class _Limited(nn.Module):
    def __init__(self, network: PolicyNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, observation: Tensor) -> Tensor:
        return self.network(observation).clamp(-1.0, 1.0)


def export_policy(network: PolicyNetwork, directory: Path) -> None:
    """Writes policy.onnx and policy.torchscript.pt: `observation` (N, O) float32 to `action` (N, A) in [-1, 1]."""
    example = torch.zeros(1, network.mean.numel())
    with torch.no_grad():
        traced = torch.jit.freeze(torch.jit.trace(_Limited(network).eval(), example))
    with atomic_path(directory / TORCHSCRIPT) as partial:
        traced.save(str(partial))
    with atomic_path(directory / ONNX) as partial:
        partial.write_bytes(_onnx_model(network).SerializeToString())


def _onnx_model(network: PolicyNetwork) -> onnx.ModelProto:
    """Written node by node: the network is a chain, and torch's own exporter would be another large dependency."""
    constants, nodes = [], []

    def constant(name: str, value: Tensor) -> str:
        constants.append(numpy_helper.from_array(value.detach().float().numpy(), name))
        return name

    nodes.append(helper.make_node("Sub", ["observation", constant("mean", network.mean)], ["centred"]))
    nodes.append(helper.make_node("Div", ["centred", constant("scale", network.scale)], ["wide"]))
    bounds = [constant("least", torch.tensor(-NORMAL_LIMIT)), constant("most", torch.tensor(NORMAL_LIMIT))]
    nodes.append(helper.make_node("Clip", ["wide", *bounds], ["normal"]))
    last = "normal"
    for i, layer in enumerate(network.layers):
        out = f"layer{i}"
        if isinstance(layer, nn.Linear):
            names = [last, constant(f"weight{i}", layer.weight), constant(f"bias{i}", layer.bias)]
            nodes.append(helper.make_node("Gemm", names, [out], transB=1))
        else:
            nodes.append(helper.make_node("Elu", [last], [out], alpha=1.0))
        last = out
    limits = [constant("low", torch.tensor(-1.0)), constant("high", torch.tensor(1.0))]
    nodes.append(helper.make_node("Clip", [last, *limits], ["action"]))
    actions = len(network.layers[-1].get_parameter("bias"))
    shapes = (("observation", network.mean.numel()), ("action", actions))
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", size]) for name, size in shapes]
    graph = helper.make_graph(nodes, "policy", ends[:1], ends[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], producer_name="rhov")
    model.ir_version = _IR_VERSION
    onnx.checker.check_model(model)
    return model
