"""Losses and the gradients of their predictions, by PyTorch in float64."""
import math

import numpy
import torch
from torch.nn import functional as F

from case_file import Case, Draw, float32_exact


def loss_case(name, op, function, inputs, parts=(), reduction="mean", **attributes):
    """`function(**inputs)` gives the loss of each element, row or box, and the further results that `parts` names."""
    tensors = {key: torch.tensor(value, requires_grad=key == "pred") for key, value in inputs.items()}
    results = function(**tensors)
    results = results if isinstance(results, tuple) else (results,)
    loss = results[0].sum() if reduction == "sum" else results[0].mean()
    loss.backward()
    outputs = {"loss": loss.detach().reshape(1).numpy()}
    outputs |= {key: result.detach().numpy() for key, result in zip(parts, results)}
    return Case(name, op, attributes | {"reduction": reduction}, inputs, outputs,
                {"dpred": tensors["pred"].grad.numpy()})


def bce_probability(pred, target, clip=1e-7):
    p = pred.clamp(clip, 1 - clip)
    return -target * p.log() - (1 - target) * torch.log1p(-p)


def bce_logits(pred, target, class_weight=None, pos_weight=None):
    return F.binary_cross_entropy_with_logits(pred, target, class_weight, pos_weight=pos_weight, reduction="none")


def focal(pred, target, alpha=0.25, gamma=2.0):
    """Lin et al. 2017: elements that are nearly right count less."""
    p = pred.sigmoid()
    right = p * target + (1 - p) * (1 - target)
    balance = alpha * target + (1 - alpha) * (1 - target)
    return balance * (1 - right) ** gamma * bce_logits(pred, target)


def quality_focal(pred, target, beta=2.0):
    """Li et al. 2020: the target is how good the box is."""
    return (target - pred.sigmoid()).abs() ** beta * bce_logits(pred, target)


def element_cases():
    draw = Draw("element losses")
    shape = (4, 5, 4)
    pred, target = draw.normal(*shape), draw.normal(*shape)
    classes, quality = draw.chance(*shape, of=0.3), draw.uniform(*shape)
    weights = draw.uniform(4, low=0.5, high=3)
    extreme = {"pred": numpy.array([[-800.0, 800, -800, 800, 0, 30, -30, 90]]),
               "target": numpy.array([[0.0, 1, 1, 0, 1, 0, 1, 1]])}

    for reduction, name in (("mean", "mse"), ("sum", "mse_sum")):
        yield loss_case(name, "mse", lambda pred, target: (pred - target) ** 2, {"pred": pred, "target": target},
                        reduction=reduction)
    for beta in (1.0, 0.25):
        yield loss_case(f"smooth_l1_{beta}", "smooth_l1",
                        lambda pred, target: F.smooth_l1_loss(pred, target, beta=beta, reduction="none"),
                        {"pred": pred, "target": target}, beta=beta)
    probabilities = draw.uniform(*shape, low=0.02, high=0.98)
    for name, truth in (("bce_prob", classes), ("bce_prob_soft_targets", quality)):
        yield loss_case(name, "bce_prob", bce_probability, {"pred": probabilities, "target": truth}, clip=1e-7)
    # The clip is a number of float32, or else float32 would clip elsewhere.
    yield loss_case("bce_prob_clipped", "bce_prob", lambda pred, target: bce_probability(pred, target, 2.0 ** -20),
                    {"pred": numpy.array([[0, 1, 0, 1, 0.5, 2.0 ** -22, 0.25, 1 - 2.0 ** -22]]),
                     "target": numpy.array([[0.0, 1, 1, 0, 1, 1, 0, 0]])}, clip=2.0 ** -20)
    logits = {"pred": draw.normal(*shape, deviation=3), "target": classes}
    yield loss_case("bce_logits", "bce_logits", bce_logits, logits)
    yield loss_case("bce_logits_sum", "bce_logits", bce_logits, logits, reduction="sum")
    yield loss_case("bce_logits_class_weight", "bce_logits", bce_logits, logits | {"class_weight": weights})
    yield loss_case("bce_logits_pos_weight", "bce_logits", bce_logits, logits | {"pos_weight": weights})
    yield loss_case("bce_logits_extreme", "bce_logits", bce_logits, extreme)
    yield loss_case("sigmoid_focal", "sigmoid_focal", focal, logits, alpha=0.25, gamma=2.0)
    yield loss_case("sigmoid_focal_gamma", "sigmoid_focal", lambda pred, target: focal(pred, target, 0.75, 1.5), logits,
                    alpha=0.75, gamma=1.5)
    yield loss_case("quality_focal", "quality_focal", quality_focal, {"pred": logits["pred"], "target": quality},
                    beta=2.0)


def cross_entropy_cases():
    def of_targets(pred, target, labels=None, class_weight=1.0):
        return -(class_weight * target * pred.log_softmax(-1)).sum(-1)

    draw = Draw("cross entropy")
    labels = draw.integers(5, high=7).astype(numpy.int32)
    inputs = {"pred": draw.normal(5, 7), "target": numpy.eye(7)[labels], "labels": labels}
    yield loss_case("cross_entropy", "cross_entropy_logits", of_targets, inputs)
    yield loss_case("cross_entropy_class_weight", "cross_entropy_logits", of_targets,
                    inputs | {"class_weight": draw.uniform(7, low=0.5, high=3)})
    soft = draw.uniform(6, 4)
    yield loss_case("cross_entropy_soft_large", "cross_entropy_logits", of_targets,
                    {"pred": draw.normal(6, 4, mean=300, deviation=40),
                     "target": float32_exact(soft / soft.sum(-1, keepdims=True))})


def box_loss(kind, eps=1e-7):
    """The loss of each box and what it is made of, as defined in include/amdefect/losses/box_losses.hpp."""
    def forward(pred, target):
        (x1, y1, x2, y2), (u1, v1, u2, v2) = pred.unbind(-1), target.unbind(-1)
        overlap = ((torch.minimum(x2, u2) - torch.maximum(x1, u1)).clamp(min=0) *
                   (torch.minimum(y2, v2) - torch.maximum(y1, v1)).clamp(min=0))
        union = (x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - overlap
        iou = overlap / (union + eps)
        width = torch.maximum(x2, u2) - torch.minimum(x1, u1)
        height = torch.maximum(y2, v2) - torch.minimum(y1, v1)
        if kind == "iou":
            return 1 - iou, iou
        if kind == "giou":
            return 1 - iou + (width * height - union) / (width * height + eps), iou
        distance = ((x1 + x2 - u1 - u2) ** 2 + (y1 + y2 - v1 - v2) ** 2) / 4
        loss = 1 - iou + distance / (width ** 2 + height ** 2 + eps)
        if kind == "diou":
            return loss, iou
        v = 4 / math.pi ** 2 * (torch.atan((u2 - u1) / (v2 - v1)) - torch.atan((x2 - x1) / (y2 - y1))) ** 2
        alpha = (v / (1 - iou + v + eps)).detach()
        return loss + alpha * v, iou, v, alpha

    return forward


def box_cases():
    draw = Draw("boxes")
    corner, size = draw.uniform(6, 2, low=0, high=60), draw.uniform(6, 2, low=5, high=40)
    near = numpy.concatenate((corner, corner + size), 1)
    special = [[10, 10, 20, 20], [0, 0, 100, 100], [10, 10, 20, 30], [10, 10, 20, 20]]
    others = [[40, 50, 45, 80], [20, 30, 40, 35], [10, 10, 20, 30], [20, 10, 30, 20]]  # apart, within, equal, touching
    pred = numpy.concatenate((near, special))
    target = numpy.concatenate((near + draw.normal(6, 4, deviation=2), others))
    for kind, parts in (("iou", ()), ("giou", ()), ("diou", ()), ("ciou", ("v", "alpha"))):
        for name, scale in ((f"{kind}_loss", 1), (f"{kind}_loss_of_fractions", 128)):
            yield loss_case(name, f"{kind}_loss", box_loss(kind),
                            {"pred": float32_exact(pred / scale), "target": float32_exact(target / scale)},
                            parts=("loss_per_box", "iou") + parts, eps=1e-7)


def loss_cases():
    yield from element_cases()
    yield from cross_entropy_cases()
    yield from box_cases()
