"""The three networks: shapes, gradients, and weights that are loaded or refused."""

import hashlib

import pytest
import torch
from torch import nn

from mmage_utils.errors import DataError
from mmage_utils.models import networks


@pytest.fixture(scope="module")
def face():
    torch.manual_seed(0)
    model, used = networks.face_classifier()
    assert used == "none"
    return model


@pytest.fixture(scope="module")
def checkpoint(face, tmp_path_factory):
    """A file with the weights of `face`, and a head of another size."""
    path = tmp_path_factory.mktemp("weights") / "faces.pt"
    head = {"logits.weight": torch.zeros(8631, 512), "logits.bias": torch.zeros(8631)}
    torch.save(face.state_dict() | head, path)
    return path


def _without_gradient(model, x):
    """Names of the parameters that the output does not depend on, batch norm as in use."""
    model.eval().zero_grad()
    model(x).square().sum().backward()
    return [
        name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0
    ]


def test_face_classifier_takes_small_faces_and_trains_all_of_it(face):
    x = torch.randn(2, 3, 80, 80)
    assert face.eval()(x).shape == (2, 7)
    assert _without_gradient(face, x) == []


@pytest.mark.parametrize(
    ("model", "width"),
    [(networks.acoustic_mlp(), 7), (networks.acoustic_mlp(n_features=9), 9),
     (networks.text_head(), 768), (networks.text_head(width=384, hidden=64), 384),
     (networks.linear_head(), 512), (networks.ordinal_head(), 512)],
    ids=["acoustic", "acoustic 9", "text", "text 384", "linear", "ordinal"],
)  # fmt: skip
def test_heads_give_seven_logits_and_train_all_of_them(model, width):
    torch.manual_seed(0)
    x = torch.randn(32, width)
    assert model(x).shape == (32, 7)
    assert _without_gradient(model, x) == []


def test_acoustic_network_is_the_reports():
    layers = [layer for layer in networks.acoustic_mlp() if isinstance(layer, nn.Linear)]
    widths = [(layer.in_features, layer.out_features) for layer in layers]
    assert widths == [(7, 16), (16, 32), (32, 16), (16, 7)]
    kinds = [type(layer).__name__ for layer in networks.acoustic_mlp()]
    assert kinds == ["Linear", "BatchNorm1d", "ReLU", "Dropout"] * 3 + ["Linear"]
    assert {layer.p for layer in networks.acoustic_mlp() if isinstance(layer, nn.Dropout)} == {0.4}


def test_text_head_is_the_reports():
    first, relu, last = networks.text_head()
    assert (first.in_features, first.out_features, last.out_features) == (768, 512, 7)
    assert isinstance(relu, nn.ReLU)


def test_weights_are_loaded_but_for_the_head_and_named(face, checkpoint):
    torch.manual_seed(1)
    model, used = networks.face_classifier(str(checkpoint))
    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    assert used == f"faces.pt (SHA-256 {digest})"
    assert torch.equal(model.conv2d_1a.conv.weight, face.conv2d_1a.conv.weight)
    assert torch.equal(model.last_bn.running_mean, face.last_bn.running_mean)
    assert model.logits.out_features == 7
    assert not torch.equal(model.logits.weight, face.logits.weight)


def test_a_relative_path_counts_from_the_repository(checkpoint, monkeypatch):
    monkeypatch.setattr(networks, "ROOT", checkpoint.parent)
    assert networks.face_classifier(checkpoint.name)[1].startswith("faces.pt (SHA-256 ")


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.pt do not exist: check FACE_WEIGHTS"):
        networks.face_classifier(str(tmp_path / "none.pt"))
    with pytest.raises(DataError, match=r"none, vggface2 or a file.*dlib-age.*FACE_NETWORK"):
        networks.face_classifier("dlib-age")


@pytest.mark.parametrize(
    "kind", ["text", "empty", "truncated", "other network", "no dict", "other shapes", "code"]
)
def test_files_that_hold_no_weights_of_the_network_are_named(tmp_path, checkpoint, kind):
    path = tmp_path / "weights.pt"
    if kind == "text":
        path.write_text("weights")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "truncated":
        with checkpoint.open("rb") as stream:
            path.write_bytes(stream.read(1_000_000))
    else:
        torch.save(
            {
                "other network": networks.text_head().state_dict(),
                "no dict": torch.zeros(3),
                "other shapes": {"conv2d_1a.conv.weight": torch.zeros(3)},
                "code": networks.text_head(),
            }[kind],
            path,
        )
    with pytest.raises(DataError, match=r"weights\.pt does not hold weights of InceptionResnetV1"):
        networks.face_classifier(str(path))


def test_backbone_gives_what_the_head_sees(face):
    x = torch.randn(2, 3, 80, 80)
    bare = networks.backbone(face)
    with torch.inference_mode():
        embedding = bare(x)
        assert embedding.shape == (2, 512)
        torch.testing.assert_close(face.eval().logits(embedding), face(x))
    assert isinstance(face.logits, nn.Linear)
