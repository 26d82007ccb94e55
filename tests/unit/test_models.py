"""The networks: their size, their shapes, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from trainables.contract import ModelConfig, TrialError
from trainables.models import Logits, build_model

SMALL = "tu-mobilenetv3_small_050"


def build(num_classes: int = 7, **settings: object) -> nn.Module:
    return build_model(ModelConfig.model_validate(settings), num_classes)


@pytest.fixture(scope="module")
def pspnet() -> nn.Module:
    return build(19)


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def logits_of(model: nn.Module, height: int, width: int, images: int = 2) -> Logits:
    with torch.inference_mode():
        logits = model(torch.zeros(images, 3, height, width))
    assert isinstance(logits, Logits)
    return logits


# pspnet_r50_d8


def test_pspnet_has_the_parameters_of_mmsegmentations(pspnet: nn.Module) -> None:
    assert parameters(pspnet) == 48_975_494
    assert parameters(pspnet.get_submodule("encoder")) == 23_527_264
    assert parameters(pspnet.get_submodule("head")) == 23_083_539
    assert parameters(pspnet.get_submodule("auxiliary_head")) == 2_364_691


def test_pspnet_gives_auxiliary_logits_only_while_training(pspnet: nn.Module) -> None:
    main, auxiliary = logits_of(pspnet.train(), 64, 96)
    assert main.shape == (2, 19, 64, 96)
    assert auxiliary is not None
    assert auxiliary.shape == (2, 19, 64, 96)
    assert logits_of(pspnet.eval(), 64, 96).auxiliary is None


def test_pspnet_takes_images_of_any_size(pspnet: nn.Module) -> None:
    assert logits_of(pspnet.eval(), 65, 99, images=1).main.shape == (1, 19, 65, 99)


def test_pspnet_keeps_stride_8_by_dilation(pspnet: nn.Module) -> None:
    features: list[Tensor] = pspnet.get_submodule("encoder").eval()(torch.zeros(1, 3, 64, 96))
    assert [tuple(feature.shape[1:]) for feature in features] == [(1024, 8, 12), (2048, 8, 12)]
    dilations = {
        name: module.dilation[0]
        for name, module in pspnet.get_submodule("encoder").named_modules()
        if isinstance(module, nn.Conv2d) and name.endswith("conv2")
    }
    assert {
        name: dilations[f"{name}.conv2"] for name in ("layer3.0", "layer3.1", "layer4.0", "layer4.1")
    } == {
        "layer3.0": 1,
        "layer3.1": 2,
        "layer4.0": 2,
        "layer4.1": 4,
    }


def test_pspnet_classifiers_start_small_and_drop_channels(pspnet: nn.Module) -> None:
    for head in ("head.classifier", "auxiliary_head.1"):
        dropout, convolution = pspnet.get_submodule(head).children()
        assert isinstance(dropout, nn.Dropout2d)
        assert dropout.p == 0.1
        assert isinstance(convolution, nn.Conv2d)
        assert convolution.weight.std().item() == pytest.approx(0.01, rel=0.1)


def test_pspnet_refuses_another_encoder() -> None:
    with pytest.raises(TrialError, match=r"leave out model\.encoder and model\.encoder_depth"):
        build(encoder="resnet18", encoder_depth=3)


def test_pspnet_runs_without_pydantic_and_smp() -> None:
    """On a machine that has torch and timm only."""
    code = (
        "import sys; sys.modules['pydantic'] = sys.modules['segmentation_models_pytorch'] = None\n"
        "from types import SimpleNamespace as Config\n"
        "from trainables.models import build_model\n"
        "config = Config(architecture='pspnet_r50_d8', encoder=None, encoder_depth=None, pretrained=None)\n"
        "print(sum(p.numel() for p in build_model(config, 19).parameters()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "48975494"


# smp_NAME


@pytest.mark.parametrize(
    ("architecture", "encoder", "depth"),
    [
        ("pspnet", SMALL, None),
        ("pspnet", SMALL, 5),
        ("unet", SMALL, None),
        ("unet", SMALL, 3),
        ("fpn", SMALL, None),
        ("linknet", SMALL, 4),
        ("deeplabv3plus", SMALL, None),
        ("segformer", "mit_b0", None),
        ("upernet", SMALL, None),
        ("dpt", "tu-vit_tiny_patch16_224", None),
    ],
)
def test_smp_logits_have_the_size_of_the_image(architecture: str, encoder: str, depth: int | None) -> None:
    model = build(architecture=f"smp_{architecture}", encoder=encoder, encoder_depth=depth)
    for height, width in [(64, 96), (65, 97)]:
        logits = logits_of(model.train(), height, width)
        assert logits.main.shape == (2, 7, height, width)
        assert logits.auxiliary is None


def test_smp_pads_with_the_mean_colour_and_cuts_the_logits_back() -> None:
    model = build(architecture="smp_pspnet", encoder=SMALL).eval()
    images = torch.randn(1, 3, 61, 90)
    padded = torch.zeros(1, 3, 64, 96)
    padded[..., :61, :90] = images
    with torch.inference_mode():
        assert torch.equal(model(images).main, model(padded).main[..., :61, :90])


def test_smp_pspnet_is_another_network_than_mmsegmentations() -> None:
    assert parameters(build(architecture="smp_pspnet", encoder=SMALL)) == 322_243


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"architecture": "pspnet"}, "must be pspnet_r50_d8, or smp_NAME"),
        ({"architecture": "smp_unt"}, "Did you mean smp_unet"),
        ({"architecture": "smp_unet", "encoder": "resnt18"}, "Did you mean resnet18"),
        ({"architecture": "smp_unet", "encoder": "tu-mobilnetv3_small_050"}, f"Did you mean {SMALL}"),
        (
            {"architecture": "smp_dpt", "encoder": "resnet18"},
            "smp_dpt with encoder_name 'resnet18' cannot be built",
        ),
    ],
)
def test_refuses_unknown_names_with_close_ones(settings: dict[str, str], message: str) -> None:
    with pytest.raises(TrialError, match=message):
        build(7, **settings)


def test_refuses_an_architecture_whose_logits_have_another_size() -> None:
    model = build(architecture="smp_fpn", encoder="resnet18", encoder_depth=4).eval()
    with pytest.raises(TrialError, match=r"smp_fpn turns images of \(64, 96\) into logits of \(128, 192\)"):
        model(torch.zeros(1, 3, 64, 96))


# Pretrained weights


def weights_file(path: Path, name: str, **changes: Tensor | None) -> Path:
    """Weights of a timm classifier; `changes` are by key with `__` for a dot, None removes."""
    weights = timm.create_model(name, pretrained=False).state_dict()
    for key, value in changes.items():
        key = key.replace("__", ".")
        if value is None:
            del weights[key]
        else:
            weights[key] = value
    save_file(weights, path)
    return path


def test_loads_timms_classifier_into_the_encoder(tmp_path: Path) -> None:
    path = weights_file(
        tmp_path / "small.safetensors", "mobilenetv3_small_050", conv_stem__weight=torch.ones(16, 3, 3, 3)
    )
    model = build(architecture="smp_pspnet", encoder=SMALL, pretrained=path)
    assert (model.get_parameter("network.encoder.model.conv_stem.weight") == 1).all()


def test_loads_weights_named_like_smps_encoder(tmp_path: Path) -> None:
    weights = (
        build(architecture="smp_pspnet", encoder="resnet18").get_submodule("network.encoder").state_dict()
    )
    weights["fc.weight"] = torch.zeros(1000, 512)
    weights["conv1.weight"].fill_(2)
    save_file(weights, tmp_path / "resnet18.safetensors")
    model = build(architecture="smp_pspnet", encoder="resnet18", pretrained=tmp_path / "resnet18.safetensors")
    assert (model.get_parameter("network.encoder.conv1.weight") == 2).all()


def test_loads_timms_resnet50c_into_pspnet(tmp_path: Path) -> None:
    path = weights_file(tmp_path / "r50c.safetensors", "resnet50c", bn1__weight=torch.full((64,), 3.0))
    assert (build(19, pretrained=path).get_parameter("encoder.bn1.weight") == 3).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bn1__weight": None}, r"1 missing \(bn1.weight\)"),
        ({"extra": torch.zeros(1)}, r"1 unexpected \(extra\)"),
        ({"bn1__weight": torch.zeros(3)}, r"1 wrong shape \(bn1.weight is \(3,\), must be \(16,\)\)"),
    ],
)
def test_refuses_weights_that_do_not_fit(
    tmp_path: Path, changes: dict[str, Tensor | None], message: str
) -> None:
    path = weights_file(tmp_path / "small.safetensors", "mobilenetv3_small_050", **changes)
    with pytest.raises(TrialError, match=message):
        build(architecture="smp_pspnet", encoder=SMALL, pretrained=path)


def test_lists_only_some_of_many_missing_weights(tmp_path: Path) -> None:
    save_file({"conv1.0.weight": torch.zeros(32, 3, 3, 3)}, tmp_path / "few.safetensors")
    with pytest.raises(TrialError, match=r"\d{3} missing \(.*, \.\.\.\)"):
        build(pretrained=tmp_path / "few.safetensors")


def test_refuses_pickled_weights_and_says_how_to_convert_them(tmp_path: Path) -> None:
    with pytest.raises(TrialError, match=r"must be a \.safetensors file.*save_file"):
        build(pretrained=tmp_path / "weights.pth")


def test_refuses_missing_and_damaged_files(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"not weights")
    for path in (damaged, tmp_path / "missing.safetensors"):
        with pytest.raises(TrialError, match=f"{path} cannot be read"):
            build(pretrained=path)
