"""Published networks as torchvision builds them, from random weights: features, logits, gradients and statistics after a
step. Computed in float64; gradients of more than 40,000 elements are left out."""
import torch
import torchvision

from case_file import Case, Draw, float32_exact

MODELS = {
    "mobilenet_v2": (lambda: torchvision.models.MobileNetV2(num_classes=10, width_mult=0.25, dropout=0),
                     lambda: torchvision.models.mobilenet_v2(), ("features.3", "features.6", "features.13", "features.18")),
    "efficientnet_b0": (lambda: small_efficientnet(), lambda: torchvision.models.efficientnet_b0(),
                        ("features.2", "features.3", "features.5", "features.8")),
    "resnet18": (None, lambda: torchvision.models.resnet18(), ("layer1", "layer2", "layer3", "layer4")),
    "resnet50": (lambda: torchvision.models.ResNet(torchvision.models.resnet.Bottleneck, [1, 2, 1, 1], num_classes=10,
                                                   width_per_group=16),
                 lambda: torchvision.models.resnet50(), ("layer1", "layer2", "layer3", "layer4")),
    "vit_b_16": (lambda: torchvision.models.VisionTransformer(64, 16, num_layers=2, num_heads=4, hidden_dim=48,
                                                              mlp_dim=96, num_classes=10),
                 lambda: torchvision.models.vit_b_16(), ("encoder.layers.encoder_layer_0", "encoder.ln")),
}


def small_efficientnet():
    settings = [torchvision.models.efficientnet.MBConvConfig(*numbers, width_mult=0.25, depth_mult=1.0) for numbers in (
        (1, 3, 1, 32, 16, 1), (6, 3, 2, 16, 24, 2), (6, 5, 2, 24, 40, 2), (6, 3, 2, 40, 80, 3), (6, 5, 1, 80, 112, 3),
        (6, 5, 2, 112, 192, 4), (6, 3, 1, 192, 320, 1))]
    return torchvision.models.EfficientNet(settings, dropout=0, stochastic_depth_prob=0, num_classes=10, last_channel=128)


def randomise(model, draw):
    """Weights that keep activations of size 1, and norms and statistics that are not 1 and 0."""
    for name, values in model.state_dict().items():
        shape = tuple(values.shape)
        if values.dtype == torch.int64:
            continue
        if values.dim() >= 2:
            fan_in = values[0].numel() if values.dim() != 3 else shape[-1]
            new = draw.normal(*shape, deviation=fan_in ** -0.5)
        elif name.endswith(("running_var", "weight")):
            new = draw.uniform(*shape, low=0.5, high=1.5)
        else:
            new = draw.normal(*shape, deviation=0.1)
        values.copy_(torch.tensor(new))


def nhwc(array):
    return array.permute(0, 2, 3, 1) if array.dim() == 4 else array


def model_case(name, small, seed):
    variant = "small" if small else "full"
    draw = Draw(f"{name} {variant} {seed}")
    model = MODELS[name][0 if small else 1]().double()
    randomise(model, draw)
    side = 64 if small else 224
    x = torch.tensor(draw.normal(2 if small else 1, side, side, 3))
    image = x.permute(0, 3, 1, 2)
    inputs = {"x": x.numpy()} | {"model." + key: value.numpy().copy() for key, value in model.state_dict().items()
                                 if value.dtype != torch.int64}
    outputs, grads = {}, {}
    modules = dict(model.named_modules())
    hooks = [modules[part].register_forward_hook(
        lambda _, __, result, part=part: outputs.update({"infer." + part: nhwc(result.detach()).numpy()}))
        for part in MODELS[name][2]]
    model.eval()
    with torch.no_grad():
        outputs["infer.y"] = model(image).numpy()
    for hook in hooks:
        hook.remove()
    if small:
        model.train()
        x.requires_grad_()
        y = model(x.permute(0, 3, 1, 2))
        inputs["train.dy"] = draw.normal(*y.shape)
        (y * torch.tensor(inputs["train.dy"])).sum().backward()
        outputs |= {"train.y": y.detach().numpy(), "train.dx": float32_exact(x.grad.numpy())}
        grads = {"grad." + key: float32_exact(value.grad.numpy()) for key, value in model.named_parameters()
                 if value.numel() <= 40000}
        outputs |= {"after." + key: value.numpy() for key, value in model.state_dict().items() if "running_" in key}
    return Case(f"{name}_{variant}_{seed}", "model", {"model": name, "variant": variant}, inputs, outputs, grads)


def model_cases(seed):
    """The small variants with gradients, the full sizes without."""
    for name, (small, *_) in MODELS.items():
        if small:
            yield model_case(name, True, seed)
        yield model_case(name, False, seed)
