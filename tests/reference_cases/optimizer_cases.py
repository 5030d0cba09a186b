"""Ten steps of each optimiser on given gradients: PyTorch's own, and Keras' formulas written down in NumPy."""
import numpy
import torch

from case_file import Case, Draw, float32_exact

STEPS, SIZE = 10, 16


def gradients():
    """Of very different sizes: only small ones show where epsilon is added."""
    draw = Draw("optimizer gradients")
    scales = 10.0 ** numpy.linspace(-8, 1, SIZE)
    return draw.normal(SIZE), float32_exact(draw.normal(STEPS, SIZE) * scales)


def optimizer_case(name, op, states, start, rates, **attributes):
    """`start(w0)` gives a function that makes one step and returns the weights and the states that are named."""
    w0, grads = gradients()
    step = start(w0)
    history = [step(gradient, rate) for gradient, rate in zip(grads, rates)]
    names = ("w", *states)
    return Case(name, op, attributes | {"steps": STEPS}, {"w0": w0, "grads": grads, "lr": numpy.array(rates)},
                {key: numpy.array([values[i] for values in history]) for i, key in enumerate(names)})


def torch_steps(make, states):
    def start(w0):
        w = torch.tensor(w0, requires_grad=True)
        optimizer = make([w])

        def step(gradient, rate):
            optimizer.param_groups[0]["lr"] = rate
            w.grad = torch.tensor(gradient)
            optimizer.step()
            return [t.detach().numpy().copy() for t in (w, *(optimizer.state[w][state] for state in states))]

        return step

    return start


def keras_adam(w0, beta1=0.9, beta2=0.999, eps=1e-7, weight_decay=0.0):
    """Epsilon is added to the root of v before v is corrected, and the decay comes first."""
    w, m, v, steps = w0.copy(), numpy.zeros_like(w0), numpy.zeros_like(w0), 0

    def step(gradient, rate):
        nonlocal w, m, v, steps
        steps += 1
        m = beta1 * m + (1 - beta1) * gradient
        v = beta2 * v + (1 - beta2) * gradient ** 2
        corrected_rate = rate * numpy.sqrt(1 - beta2 ** steps) / (1 - beta1 ** steps)
        w = w * (1 - rate * weight_decay) - corrected_rate * m / (numpy.sqrt(v) + eps)
        return w, m, v

    return step


def optimizer_cases():
    steady, dropping = [0.01] * STEPS, [0.1] * 5 + [0.01] * 5
    for name, options, rates in (("opt_sgd", {}, steady), ("opt_sgd_weight_decay", {"weight_decay": 0.1}, steady),
                                 ("opt_sgd_momentum", {"momentum": 0.9}, steady),
                                 ("opt_sgd_momentum_rate_drop", {"momentum": 0.9}, dropping),
                                 ("opt_sgd_nesterov", {"momentum": 0.9, "nesterov": True}, steady)):
        states = ("momentum_buffer",) if "momentum" in options else ()
        yield optimizer_case(name, "optimizer_sgd", states,
                             torch_steps(lambda w: torch.optim.SGD(w, lr=1, **options), states), rates,
                             **{key: float(value) if key != "nesterov" else int(value)
                                for key, value in options.items()})
    betas = {"beta1": 0.9, "beta2": 0.999}
    yield optimizer_case("opt_adam_keras", "optimizer_adam_keras", ("m", "v"), keras_adam, steady, eps=1e-7, **betas)
    yield optimizer_case("opt_adamw_keras", "optimizer_adamw_keras", ("m", "v"),
                         lambda w0: keras_adam(w0, weight_decay=0.1), dropping, eps=1e-7, weight_decay=0.1, **betas)
    yield optimizer_case("opt_adam_torch", "optimizer_adam_torch", ("m", "v"),
                         torch_steps(lambda w: torch.optim.Adam(w), ("exp_avg", "exp_avg_sq")), steady, eps=1e-8,
                         **betas)
    yield optimizer_case("opt_adamw_torch", "optimizer_adamw_torch", ("m", "v"),
                         torch_steps(lambda w: torch.optim.AdamW(w, weight_decay=0.1), ("exp_avg", "exp_avg_sq")),
                         dropping, eps=1e-8, weight_decay=0.1, **betas)
