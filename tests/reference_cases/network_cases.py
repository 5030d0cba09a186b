"""The paper's network (examples/defect_detector/paper/paper_network.hpp) at work, by PyTorch in float64."""
import math

import numpy
import torch
from torch.nn import functional as F

from case_file import Case, Draw, float32_exact
from layer_cases import padded
from optimizer_cases import keras_adam

EPSILON, MOMENTUM, RATE = 1e-3, 0.99, 1e-4
SETTINGS = {"optimizer": "adam_keras", "lr": RATE, "beta1": 0.9, "beta2": 0.999, "eps": 1e-7}


def shapes():
    """The names and shapes of all parameters in the order of the network."""
    for block, (fan_in, fan_out) in enumerate(((3, 64), (64, 128), (128, 256)), 1):
        yield f"conv{block}.kernel", (3, 3, fan_in, fan_out)
        yield f"conv{block}.bias", (fan_out,)
        for part in ("gamma", "beta", "moving_mean", "moving_variance"):
            yield f"bn{block}.{part}", (fan_out,)
    for head in ("cls", "reg"):
        for layer, kernel in (("conv1", (3, 3, 256, 256)), ("conv2", (1, 1, 256, 60)), ("dense", (60, 400))):
            yield f"{head}_{layer}.kernel", kernel
            yield f"{head}_{layer}.bias", kernel[-1:]


def initial_weights():
    """Weights that tests/reference_check/paper_case.hpp can make without a file: a hash of the element's number,
    counted through all kernels, spread over the range of Glorot's uniform distribution."""
    weights, first = {}, 0
    for name, shape in shapes():
        if len(shape) == 1:
            weights[name] = numpy.full(shape, float(name.endswith(("gamma", "variance"))))
            continue
        count = math.prod(shape)
        mixed = numpy.arange(first, first + count, dtype=numpy.uint32) * numpy.uint32(2654435761)
        mixed ^= mixed >> numpy.uint32(16)
        mixed *= numpy.uint32(2246822519)
        mixed ^= mixed >> numpy.uint32(13)
        limit = math.sqrt(6 / (math.prod(shape[:-2]) * (shape[-2] + shape[-1])))
        weights[name] = float32_exact(limit * (mixed / 2.0 ** 31 - 1)).reshape(shape)
        first += count
    return weights


def is_statistic(name):
    return "moving" in name


class Pass:
    """One look of the network at a batch; `inside` has the names of tests/reference_check."""

    def __init__(self, weights, x, training):
        self.weights, self.training = weights, training
        self.inside, self.statistics, self.margin = {}, {}, math.inf
        for block in (1, 2, 3):
            x = self.batch_norm(f"bn{block}", self.relu(self.conv(f"conv{block}", x, stride=2)))
            self.inside[f"mid.stage{block}"] = x
        self.logits, self.boxes = self.head("cls", x), self.head("reg", x)

    def conv(self, name, x, stride=1):
        kernel = self.weights[name + ".kernel"]
        x = padded(x, "same", kernel.shape[:2], (stride, stride))
        return F.conv2d(x, kernel.permute(3, 2, 0, 1), self.weights[name + ".bias"], stride).permute(0, 2, 3, 1)

    def relu(self, x):
        """The margin tells how little could turn a ReLU on or off, in units of what it sees."""
        self.margin = min(self.margin, float(x.abs().min() / x.square().mean().sqrt()))
        return x.relu()

    def batch_norm(self, name, x):
        gamma, beta, *moving = (self.weights[f"{name}.{part}"]
                                for part in ("gamma", "beta", "moving_mean", "moving_variance"))
        mean, variance = (x.mean((0, 1, 2)), x.var((0, 1, 2), unbiased=False)) if self.training else moving
        for part, old, new in zip(("moving_mean", "moving_variance"), moving, (mean, variance)):
            self.statistics[f"{name}.{part}"] = (MOMENTUM * old + (1 - MOMENTUM) * new).detach()
        return (x - mean) / torch.sqrt(variance + EPSILON) * gamma + beta

    def head(self, name, x):
        x = self.conv(name + "_conv2", self.relu(self.conv(name + "_conv1", x)))
        x = x.sigmoid() if name == "cls" else x
        means = x.mean((1, 2))
        self.inside |= {f"mid.{name}_map": x, f"mid.{name}_gap": means}
        y = means @ self.weights[name + "_dense.kernel"] + self.weights[name + "_dense.bias"]
        y = y.reshape(-1, 100, 4)
        if y.requires_grad:
            y.retain_grad()
        return y

    def outputs(self):
        """Results as arrays, the probabilities too."""
        results = {"cls_logits": self.logits, "cls_prob": self.logits.sigmoid(), "reg": self.boxes}
        return {key: value.detach().numpy() for key, value in (results | self.inside).items()}

    def summary(self):
        """The same with four pixels and the mean of each channel instead of whole maps; in training, batch norm makes
        the means zero."""
        results = self.outputs()
        for name in [key for key, value in results.items() if value.ndim == 4]:
            pixels = results.pop(name)
            if not self.training:
                results[name + "_channel_mean"] = pixels.mean((0, 1, 2))
            results[name + "_corners"] = pixels[0, [0, 0, -1, -1], [0, -1, 0, -1]]
        return results


def tensors_of(weights, training=False):
    return {name: torch.tensor(value, requires_grad=training and not is_statistic(name))
            for name, value in weights.items()}


class Training:
    """Some steps with one batch, and all that is worth comparing."""

    def __init__(self, seed, batch, size, steps):
        draw = Draw(seed)
        self.inputs = {"x": draw.uniform(batch, size, size, 3), "target_cls": draw.chance(batch, 100, 4, of=0.02),
                       "target_reg": draw.uniform(batch, 100, 4)}
        self.start = initial_weights()
        self.weights = dict(self.start)
        updates = {key: keras_adam(value) for key, value in self.start.items() if not is_statistic(key)}
        self.histories = {"loss_history": [], "loss_cls_history": [], "loss_reg_history": []}
        margins = []
        for step in range(steps):
            losses, gradients, x, run = self.evaluate()
            for history, loss in zip(self.histories.values(), losses):
                history.append(loss)
            margins.append(run.margin)
            statistics = {key: value.numpy() for key, value in run.statistics.items()}
            if step == 0:
                self.gradients, self.first, self.first_statistics = gradients, run, statistics
                self.first_gradients = {"dcls_logits": run.logits.grad.numpy(), "dreg": run.boxes.grad.numpy(),
                                        "dx": x.grad.numpy()}
            self.weights |= statistics
            for key, update in updates.items():
                self.weights[key] = update(gradients[key], RATE)[0]
        self.after = numpy.array(self.evaluate()[0])
        self.inputs["relu_margin_history"] = numpy.array(margins)  # tells why float32 may go its own way
        assert margins[0] > 1e-5, "a ReLU is so near 0 that float32 could turn it: choose another seed"

    def evaluate(self):
        """Loss (sum, classes, boxes), gradients of the weights, the input with its gradient, and the pass."""
        weights = tensors_of(self.weights, training=True)
        x = torch.tensor(self.inputs["x"], requires_grad=True)
        run = Pass(weights, x, training=True)
        classes = F.binary_cross_entropy_with_logits(run.logits, torch.tensor(self.inputs["target_cls"]))
        boxes = F.mse_loss(run.boxes, torch.tensor(self.inputs["target_reg"]))
        (classes + boxes).backward()
        gradients = {key: value.grad.numpy() for key, value in weights.items() if value.requires_grad}
        return [(classes + boxes).item(), classes.item(), boxes.item()], gradients, x, run

    def results(self):
        """All results that fit into a small file."""
        results = {key: numpy.array(value) for key, value in self.histories.items()}
        results |= {key.replace("_history", ""): value[:1] for key, value in results.items()}
        results |= {"step1." + key: value for key, value in self.first_statistics.items()}
        return results | self.first_gradients | {"loss_after": self.after}


def network_cases():
    """Small files, whose weights are those of the formula."""
    formula = {"weights_formula": "hash"}
    training = Training("network of 32 pixels, 13", batch=2, size=32, steps=10)
    small = {"grad." + key: value for key, value in training.gradients.items() if value.ndim == 1}
    small["grad.conv1.kernel"] = training.gradients["conv1.kernel"]
    small |= {"final." + key: value for key, value in training.weights.items() if is_statistic(key)}
    yield Case("network_train_32", "network_train", formula | SETTINGS | {"steps": 10}, training.inputs,
               training.first.summary() | training.results() | small)
    yield inference_case("network_infer_64", 64, formula, {"": training.start})


def formula_image(size):
    row, column, channel = numpy.indices((size, size, 3))
    return float32_exact(numpy.float32((row * 7 + column * 13 + channel * 31) % 256) / numpy.float32(255))[None]


def inference_case(name, size, attributes, weights_of_prefix):
    x = formula_image(size)
    results = {"x_corner": x[0, :4, :4]}
    for prefix, weights in weights_of_prefix.items():
        summary = Pass(tensors_of(weights), torch.tensor(x), training=False).summary()
        results |= {prefix + key: value for key, value in summary.items()}
    attributes = attributes | {"height": size, "width": size,
                               "input_formula": "x[n,h,w,c] = ((h*7 + w*13 + c*31) % 256) / 255, float32"}
    return Case(name, "network_infer", attributes, {}, results)


def full_network_cases():
    """Large files with all weights and gradients, these rounded to float32, and an image of the paper's size."""
    name, files = "network_64", {"weights_file": "network_weights.safetensors"}
    training = Training("network of 64 pixels, 6", batch=2, size=64, steps=20)
    steps = files | SETTINGS | {"steps": 20}
    rounded = {key: float32_exact(value) for key, value in training.weights.items()}
    final = Pass(tensors_of(rounded), torch.tensor(training.inputs["x"]), training=False).outputs()
    final_results = {"final_infer_" + key: final[key] for key in ("cls_logits", "reg")}
    yield Case("network_weights", "network_weights", {"param_total": sum(map(numpy.size, training.start.values()))},
               training.start, {})
    yield Case(name, "network_train", steps, training.inputs,
               training.first.outputs() | training.results() | final_results, file="network_64")
    gradients = {key: float32_exact(value) for key, value in training.gradients.items()}
    yield Case(name, "network_grads", steps, {}, gradients, file="network_64_gradients")
    yield Case(name, "network_final", steps, rounded, {}, file="network_64_final")
    yield inference_case("network_416", 416, files | {"final_weights_file": "network_64_final.safetensors"},
                         {"": training.start, "final_": rounded})
