"""Forward results and gradients of single layers, by PyTorch in float64. Activations are [batch, height, width,
channels], kernels [height, width, in, out]; `same` pads as TensorFlow does."""
import torch
from torch.nn import functional as F

from case_file import Case, Draw


def layer_case(name, op, function, inputs, constants=(), outputs=("y",), **attributes):
    """`function` of the inputs, in their order, gives the outputs, of which the first is y with the gradient dy."""
    tensors = {key: torch.tensor(value, requires_grad=key not in constants) for key, value in inputs.items()}
    results = function(*tensors.values())
    results = results if isinstance(results, tuple) else (results,)
    dy = Draw(name + " dy").normal(*results[0].shape)
    results[0].backward(torch.tensor(dy))
    return Case(name, op, attributes, inputs | {"dy": dy},
                {key: result.detach().numpy() for key, result in zip(outputs, results)},
                {"d" + key: tensors[key].grad.numpy() for key in inputs if key not in constants})


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def text(value):
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def pads_of(padding, sizes, kernel, stride, dilation):
    """Before and after, for height and width; `padding` is a rule, or top, bottom, left, right."""
    if isinstance(padding, tuple):
        return padding[:2], padding[2:]
    if padding == "valid":
        return (0, 0), (0, 0)
    totals = [max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0) for n, k, s, d in
              zip(sizes, kernel, stride, dilation)]
    return tuple((total // 2, total - total // 2) for total in totals)


def padded(x, padding, kernel, stride, dilation=(1, 1), value=0.0):
    """[batch, height, width, channels] as PyTorch's order of dimensions, with its borders."""
    (top, bottom), (left, right) = pads_of(padding, x.shape[1:3], kernel, stride, dilation)
    return F.pad(x.permute(0, 3, 1, 2), (left, right, top, bottom), value=value)


def conv2d(name, image, kernel, channels, stride=1, padding="same", dilation=1, groups=1, bias=True):
    draw = Draw(name)
    kernel, stride_hw, dilation_hw = pair(kernel), pair(stride), pair(dilation)
    inputs = {"x": draw.normal(*image), "kernel": draw.normal(*kernel, image[3] // groups, channels)}
    if bias:
        inputs["bias"] = draw.normal(channels)

    def forward(x, kernel, bias=None):
        x = padded(x, padding, kernel.shape[:2], stride_hw, dilation_hw)
        return F.conv2d(x, kernel.permute(3, 2, 0, 1), bias, stride_hw, 0, dilation_hw, groups).permute(0, 2, 3, 1)

    return layer_case(name, "conv2d", forward, inputs, stride=text(stride), padding=text(padding),
                      dilation=text(dilation), groups=groups)


def conv2d_cases():
    yield conv2d("conv2d_k1", (2, 5, 7, 3), 1, 4)
    yield conv2d("conv2d_k1_no_bias", (2, 4, 4, 24), 1, 20, bias=False)
    yield conv2d("conv2d_k1_s2_same", (2, 8, 7, 6), 1, 4, stride=2)
    yield conv2d("conv2d_k1_s2_valid", (1, 7, 6, 3), 1, 4, stride=2, padding="valid")
    yield conv2d("conv2d_k2_same", (2, 5, 6, 3), 2, 4)
    yield conv2d("conv2d_k2_s2_valid", (1, 6, 7, 5), 2, 3, stride=2, padding="valid")
    yield conv2d("conv2d_k3_one_channel", (1, 5, 5, 1), 3, 1)
    yield conv2d("conv2d_k3_same", (2, 6, 5, 16), 3, 20)
    yield conv2d("conv2d_k3_valid", (2, 7, 6, 3), 3, 4, padding="valid")
    yield conv2d("conv2d_k3_s2_same_even", (2, 8, 8, 3), 3, 16, stride=2)
    yield conv2d("conv2d_k3_s2_same_odd", (2, 7, 9, 3), 3, 4, stride=2)
    yield conv2d("conv2d_k3_s2_same_mixed", (3, 6, 9, 8), 3, 4, stride=2)
    yield conv2d("conv2d_k3_s2_valid", (3, 8, 10, 3), 3, 4, stride=2, padding="valid")
    yield conv2d("conv2d_k3_s3_valid", (1, 10, 11, 2), 3, 3, stride=3, padding="valid")
    # Enough channels and tiles of 4 x 4 pixels that our float32 takes the Winograd forms of stride 1 and 2.
    yield conv2d("conv2d_k3_winograd", (2, 13, 10, 8), 3, 8)
    yield conv2d("conv2d_k3_s2_winograd", (12, 3, 29, 16), 3, 16, stride=2)
    yield conv2d("conv2d_k3_d2_same", (1, 9, 8, 3), 3, 4, dilation=2)
    yield conv2d("conv2d_k3_d2_valid", (2, 9, 10, 3), 3, 4, padding="valid", dilation=2)
    yield conv2d("conv2d_k3_d3_s2_same", (1, 11, 12, 2), 3, 3, stride=2, dilation=3)
    yield conv2d("conv2d_k5_same", (1, 9, 6, 3), 5, 4)
    yield conv2d("conv2d_k5_larger_than_image", (2, 3, 2, 3), 5, 4)
    yield conv2d("conv2d_k5_s2_same", (2, 10, 8, 3), 5, 4, stride=2)
    yield conv2d("conv2d_k5_s2_valid", (1, 11, 9, 1), 5, 4, stride=2, padding="valid")
    yield conv2d("conv2d_k7_same", (1, 9, 8, 3), 7, 4)
    yield conv2d("conv2d_k7_s2_same", (1, 14, 12, 3), 7, 6, stride=2)
    yield conv2d("conv2d_k7_s2_valid_no_bias", (1, 13, 15, 1), 7, 4, stride=2, padding="valid", bias=False)
    yield conv2d("conv2d_k1x3_same", (2, 5, 6, 3), (1, 3), 4)
    yield conv2d("conv2d_k5x3_s1x2_d2x1", (1, 12, 9, 2), (5, 3), 4, stride=(1, 2), dilation=(2, 1))
    yield conv2d("conv2d_k3_uneven_padding", (1, 6, 7, 3), 3, 4, stride=2, padding=(2, 0, 1, 2))
    yield conv2d("conv2d_groups2", (2, 8, 7, 8), 3, 4, stride=2, padding="valid", groups=2, bias=False)
    yield conv2d("conv2d_groups4", (1, 6, 7, 16), 3, 20, groups=4)
    yield conv2d("conv2d_depthwise", (2, 6, 5, 16), 3, 16, groups=16)
    yield conv2d("conv2d_depthwise_s2_twofold", (1, 8, 8, 3), 3, 6, stride=2, groups=3)
    yield conv2d("conv2d_depthwise_k5_d2", (1, 11, 10, 5), 5, 5, dilation=2, groups=5)


def conv_transpose2d(name, image, kernel, channels, stride=1, padding="same", output_padding=0, dilation=1, groups=1,
                     bias=True):
    """Kernels are [height, width, out / groups, in]. What the borders cut off of the whole result is cut off here."""
    draw = Draw(name)
    kernel, stride_hw, dilation_hw = pair(kernel), pair(stride), pair(dilation)
    inputs = {"x": draw.normal(*image), "kernel": draw.normal(*kernel, channels // groups, image[3])}
    if bias:
        inputs["bias"] = draw.normal(channels)

    def forward(x, kernel, bias=None):
        x, kernel = x.permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1)
        if isinstance(padding, int):
            y = F.conv_transpose2d(x, kernel, bias, stride_hw, padding, output_padding, groups, dilation_hw)
            return y.permute(0, 2, 3, 1)
        y = F.conv_transpose2d(x, kernel, None, stride_hw, 0, 0, groups, dilation_hw)
        sizes = [n * s for n, s in zip(image[1:3], stride_hw)]
        (top, bottom), (left, right) = pads_of(padding, sizes, kernel.shape[2:], stride_hw, dilation_hw)
        if padding == "same":
            bottom, right = y.shape[2] - top - sizes[0], y.shape[3] - left - sizes[1]
        y = F.pad(y, (-left, -right, -top, -bottom)).permute(0, 2, 3, 1)
        return y if bias is None else y + bias

    return layer_case(name, "conv_transpose2d", forward, inputs, stride=text(stride),
                      padding=text((padding,) * 4 if isinstance(padding, int) else padding),
                      output_padding=text(output_padding), dilation=text(dilation), groups=groups)


def conv_transpose2d_cases():
    yield conv_transpose2d("conv_transpose2d_k2_s2", (2, 3, 4, 5), 2, 3, stride=2, padding=0)
    yield conv_transpose2d("conv_transpose2d_k3_s2", (2, 4, 3, 6), 3, 4, stride=2, padding=1, output_padding=1)
    yield conv_transpose2d("conv_transpose2d_k4_s2", (1, 5, 4, 16), 4, 8, stride=2, padding=1, bias=False)
    yield conv_transpose2d("conv_transpose2d_k3", (1, 5, 6, 3), 3, 4, padding=0)
    yield conv_transpose2d("conv_transpose2d_k3x2_s2x3", (1, 4, 3, 2), (3, 2), 3, stride=(2, 3), padding=1,
                           output_padding=(0, 2))
    yield conv_transpose2d("conv_transpose2d_d3", (1, 4, 5, 3), 3, 2, stride=2, padding=2, output_padding=2, dilation=3)
    yield conv_transpose2d("conv_transpose2d_groups2", (2, 4, 3, 6), 3, 4, stride=2, padding=1, groups=2)
    yield conv_transpose2d("conv_transpose2d_k3_s2_same", (2, 4, 5, 3), 3, 4, stride=2)
    yield conv_transpose2d("conv_transpose2d_k2_s3_same", (1, 3, 4, 2), 2, 3, stride=3)
    yield conv_transpose2d("conv_transpose2d_uneven_padding", (1, 4, 5, 3), 4, 2, stride=2, padding=(2, 0, 1, 3))


def max_pool(name, x, pool, stride, padding="valid"):
    def forward(x):
        x = padded(x, padding, pair(pool), pair(stride), value=-torch.inf)
        return F.max_pool2d(x, pool, stride).permute(0, 2, 3, 1)

    return layer_case(name, "max_pool2d", forward, {"x": x}, pool=text(pool), stride=text(stride), padding=padding)


def average_pool(name, image, pool, stride, padding="valid"):
    """The mean of the pixels of the image: borders are not counted."""
    def forward(x):
        counts, sums = (F.avg_pool2d(padded(t, padding, pair(pool), pair(stride)), pool, stride, divisor_override=1)
                        for t in (torch.ones_like(x), x))
        return (sums / counts).permute(0, 2, 3, 1)

    return layer_case(name, "avg_pool2d", forward, {"x": Draw(name).normal(*image)}, pool=text(pool),
                      stride=text(stride), padding=padding)


def pooling_cases():
    yield max_pool("max_pool_k2_s2", Draw("max pool").normal(2, 6, 8, 3), 2, 2)
    yield max_pool("max_pool_k2_s2_odd_valid", Draw("max pool odd").normal(2, 7, 5, 3), 2, 2)
    yield max_pool("max_pool_k2_s2_odd_same", Draw("max pool odd").normal(2, 7, 5, 3), 2, 2, "same")
    yield max_pool("max_pool_k3_s2_same", Draw("max pool").normal(1, 8, 9, 4), 3, 2, "same")
    yield max_pool("max_pool_k2x3_s1x2", Draw("max pool").normal(1, 6, 9, 2), (2, 3), (1, 2), "same")
    # Were the borders zeros, they would win.
    yield max_pool("max_pool_k3_s2_same_negative", Draw("negative").uniform(1, 6, 6, 2, low=-2, high=-1), 3, 2, "same")
    # The first of several equal maxima, row by row, gets the whole gradient.
    for name, pool, padding in (("max_pool_k2_s2_ties", 2, "valid"), ("max_pool_k3_s2_same_ties", 3, "same")):
        yield max_pool(name, Draw(name).integers(2, 6, 7, 3, high=3).astype("float64"), pool, 2, padding)
    yield average_pool("avg_pool_k2_s2", (2, 6, 8, 3), 2, 2)
    yield average_pool("avg_pool_k3_s1_same", (1, 5, 6, 4), 3, 1, "same")
    yield average_pool("avg_pool_k3_s2_same", (2, 8, 6, 3), 3, 2, "same")
    yield layer_case("global_avg_pool", "global_avg_pool", lambda x: x.mean((1, 2)),
                     {"x": Draw("global").normal(3, 5, 4, 6)})


def batch_norm(name, shape, training, mean=0.0, momentum=0.99, epsilon=1e-3):
    """The biased variance both normalises and goes into the moving variance, as in Keras' plain form."""
    draw, channels = Draw(name), shape[-1]
    inputs = {"x": draw.normal(*shape, mean=mean), "gamma": draw.uniform(channels, low=0.5, high=1.5),
              "beta": draw.normal(channels), "moving_mean": draw.normal(channels, mean=mean),
              "moving_var": draw.uniform(channels, low=0.5, high=2)}

    def forward(x, gamma, beta, moving_mean, moving_var):
        axes = tuple(range(x.dim() - 1))
        mean, variance = (x.mean(axes), x.var(axes, unbiased=False)) if training else (moving_mean, moving_var)
        y = (x - mean) / torch.sqrt(variance + epsilon) * gamma + beta
        if not training:
            return y
        updated = [momentum * old + (1 - momentum) * new
                   for old, new in ((moving_mean, mean), (moving_var, variance))]
        return (y, mean, variance, *updated)

    return layer_case(name, "batch_norm", forward, inputs, constants=("moving_mean", "moving_var"),
                      outputs=("y", "batch_mean", "batch_var", "new_moving_mean", "new_moving_var"),
                      training=int(training), momentum=momentum, epsilon=epsilon)


def layer_norm(name, shape, epsilon, mean=0.0):
    draw = Draw(name)
    inputs = {"x": draw.normal(*shape, mean=mean), "gamma": draw.uniform(shape[-1], low=0.5, high=1.5),
              "beta": draw.normal(shape[-1])}
    return layer_case(name, "layer_norm", lambda x, gamma, beta: F.layer_norm(x, shape[-1:], gamma, beta, epsilon),
                      inputs, axis=-1, epsilon=epsilon)


def group_norm(name, shape, groups, epsilon=1e-5, mean=0.0):
    """PyTorch's channels come second."""
    draw = Draw(name)
    inputs = {"x": draw.normal(*shape, mean=mean), "gamma": draw.uniform(shape[-1], low=0.5, high=1.5),
              "beta": draw.normal(shape[-1])}

    def forward(x, gamma, beta):
        return F.group_norm(x.movedim(-1, 1), groups, gamma, beta, epsilon).movedim(1, -1)

    return layer_case(name, "group_norm", forward, inputs, groups=groups, epsilon=epsilon)


def normalisation_cases():
    yield batch_norm("batch_norm_train", (3, 4, 5, 6), True)
    yield batch_norm("batch_norm_train_one_image", (1, 7, 6, 16), True)
    yield batch_norm("batch_norm_train_2d", (9, 5), True, momentum=0.9, epsilon=1e-5)
    yield batch_norm("batch_norm_train_large_mean", (2, 8, 8, 4), True, mean=100.0)
    yield batch_norm("batch_norm_infer", (2, 4, 5, 6), False)
    yield layer_norm("layer_norm", (3, 4, 10), 1e-3)
    yield layer_norm("layer_norm_4d", (2, 3, 4, 7), 1e-5)
    yield group_norm("group_norm", (3, 4, 5, 12), 3)
    yield group_norm("group_norm_one", (2, 3, 4, 5), 1, epsilon=1e-3)
    yield group_norm("group_norm_each", (2, 3, 4, 5), 5)
    yield group_norm("group_norm_2d", (4, 6), 2)
    yield group_norm("group_norm_large_mean", (2, 8, 8, 6), 2, mean=100.0)


def dense(name, shape, features, bias=True):
    draw = Draw(name)
    inputs = {"x": draw.normal(*shape), "kernel": draw.normal(shape[-1], features)}
    if bias:
        inputs["bias"] = draw.normal(features)
    return layer_case(name, "dense", lambda x, kernel, bias=0: x @ kernel + bias, inputs)


def elementwise_cases():
    functions = {"relu": torch.relu, "sigmoid": torch.sigmoid, "silu": F.silu,
                 "hard_swish": lambda x: x * F.relu6(x + 3) / 6, "relu6": F.relu6, "gelu": F.gelu,
                 "tanh": torch.tanh}
    extremes = Draw("extremes").normal(1, 8, deviation=300)
    for op, function in functions.items():
        yield layer_case(op, op, function, {"x": Draw(op).normal(2, 3, 4, 5, deviation=2)})
        if op != "tanh":
            yield layer_case(op + "_extreme", op, function, {"x": extremes})
    # Zeros among them: 1 - y^2 has few digits where y is nearly 1, and is compared with the slope of 1 at 0.
    yield layer_case("tanh_extreme", "tanh", torch.tanh, {"x": extremes * Draw("zeros").integers(1, 8, high=2)})
    yield layer_case("relu_at_zero", "relu", torch.relu, {"x": Draw("zero").integers(1, 8, low=-1, high=2) * 1.0})
    for slope in (0.1, 0.3):
        yield layer_case(f"leaky_relu_{slope}", "leaky_relu", lambda x: F.leaky_relu(x, slope),
                         {"x": Draw("leaky").normal(2, 3, 4, 5)}, alpha=slope)
    yield layer_case("softmax", "softmax", lambda x: x.softmax(-1), {"x": Draw("softmax").normal(3, 4, 7)}, axis=-1)
    yield layer_case("softmax_large_logits", "softmax", lambda x: x.softmax(-1),
                     {"x": Draw("large").normal(4, 6, mean=500, deviation=2)}, axis=-1)


def joining_cases():
    yield dense("dense", (5, 7), 4)
    yield dense("dense_60_100", (3, 60), 100)
    yield dense("dense_no_bias_3d", (2, 3, 6), 5, bias=False)
    draw = Draw("join")
    yield layer_case("add", "add", lambda x0, x1: x0 + x1,
                     {key: draw.normal(2, 3, 4, 5) for key in ("x0", "x1")})
    yield layer_case("add_three", "add", lambda x0, x1, x2: x0 + x1 + x2,
                     {key: draw.normal(3, 6) for key in ("x0", "x1", "x2")})
    for name, axis in (("concat_channels", 3), ("concat_rows", 1)):
        shapes = [[2, 3, 4, 2] for _ in range(3)]
        for shape, size in zip(shapes, (2, 5, 1)):
            shape[axis] = size
        yield layer_case(name, "concat", lambda x0, x1, x2: torch.cat((x0, x1, x2), axis),
                         {f"x{i}": draw.normal(*shape) for i, shape in enumerate(shapes)}, axis=axis)
    for scale in (2, 3):
        yield layer_case(f"upsample_nearest_x{scale}", "upsample_nearest",
                         lambda x: x.repeat_interleave(scale, 1).repeat_interleave(scale, 2),
                         {"x": draw.normal(2, 3, 4, 3)}, scale=scale)


def pad(name, shape, rows, columns, channels=(0, 0), value=0.0):
    return layer_case(name, "pad", lambda x: F.pad(x, channels + columns + rows, value=value),
                      {"x": Draw(name).normal(*shape)}, rows=text(rows), columns=text(columns), channels=text(channels),
                      value=value)


def reordering_cases():
    yield pad("pad", (2, 3, 4, 3), (1, 2), (0, 3))
    yield pad("pad_all_axes", (2, 3, 4, 3), (2, 0), (1, 1), (1, 4), value=-1.5)
    for axes in ((3, 1, 2), (2, 3, 1), (2, 1, 3)):
        yield layer_case("transpose_" + "".join(map(str, axes)), "transpose", lambda x: x.permute(0, *axes),
                         {"x": Draw("transpose").normal(2, 3, 4, 5)}, axis1=axes[0], axis2=axes[1], axis3=axes[2])


def resize(name, image, align_corners, size=None, scale=None):
    def forward(x):
        y = F.interpolate(x.permute(0, 3, 1, 2), size, scale, "bilinear", align_corners)
        return y.permute(0, 2, 3, 1)

    what = {"size": text(size)} if size else {"scale": scale}
    return layer_case(name, "resize_bilinear", forward, {"x": Draw(name).normal(*image)},
                      align_corners=int(align_corners), **what)


def resize_cases():
    for align, ending in ((False, ""), (True, "_aligned")):
        yield resize("resize_bilinear_x2" + ending, (2, 3, 4, 3), align, scale=2.0)
        yield resize("resize_bilinear_x1.7" + ending, (1, 7, 5, 2), align, scale=1.7)
        yield resize("resize_bilinear_smaller" + ending, (2, 9, 8, 3), align, size=(4, 5))
        yield resize("resize_bilinear_mixed" + ending, (1, 6, 4, 2), align, size=(1, 13))


def attention(name, batch, tokens, channels, heads):
    """PyTorch's own layer; its weights are (out, in), ours (in, out)."""
    draw = Draw(name)
    inputs = {"x": draw.normal(batch, tokens, channels),
              "in_kernel": draw.normal(channels, 3 * channels, deviation=channels ** -0.5),
              "in_bias": draw.normal(3 * channels),
              "out_kernel": draw.normal(channels, channels, deviation=channels ** -0.5), "out_bias": draw.normal(channels)}

    def forward(x, in_kernel, in_bias, out_kernel, out_bias):
        y = F.multi_head_attention_forward(*[x.transpose(0, 1)] * 3, channels, heads, in_kernel.T, in_bias, None, None,
                                           False, 0.0, out_kernel.T, out_bias, need_weights=False)[0]
        return y.transpose(0, 1)

    return layer_case(name, "multi_head_attention", forward, inputs, heads=heads)


def waves(positions, channels, temperature):
    """Sines and cosines of each position, as RT-DETR and MAE make them of one coordinate."""
    frequencies = 1 / temperature ** (torch.arange(channels // 2, dtype=torch.float64) / (channels // 2))
    angles = torch.outer(torch.arange(positions, dtype=torch.float64), frequencies)
    return torch.cat((angles.sin(), angles.cos()), 1)


def sine_positions(name, *shape, temperature=10000.0):
    def forward(x):
        if x.ndim == 3:
            return x + waves(x.shape[1], x.shape[2], temperature)
        height, width, half = x.shape[1], x.shape[2], x.shape[3] // 2
        of_x = waves(width, half, temperature)[None].expand(height, width, half)
        of_y = waves(height, half, temperature)[:, None].expand(height, width, half)
        return x + torch.cat((of_x, of_y), 2)

    return layer_case(name, "sine_positions", forward, {"x": Draw(name).normal(*shape)}, temperature=temperature)


def transformer_cases():
    yield sine_positions("sine_positions", 2, 5, 7, 12)
    yield sine_positions("sine_positions_of_tokens", 2, 9, 10, temperature=20.0)
    yield attention("attention", 2, 9, 12, 3)
    yield attention("attention_of_80_tokens", 1, 80, 8, 2)
    draw = Draw("multiply")
    yield layer_case("multiply", "multiply", lambda x0, x1: x0 * x1, {key: draw.normal(2, 3, 5) for key in ("x0", "x1")})
    yield layer_case("multiply_channels", "multiply", lambda x0, x1: x0 * x1[:, None, None],
                     {"x0": draw.normal(2, 5, 4, 3), "x1": draw.normal(2, 3)})
    draw = Draw("film")
    yield layer_case("film", "film", lambda x0, x1: x0 * (1 + x1[:, None, None, :3]) + x1[:, None, None, 3:],
                     {"x0": draw.normal(2, 5, 4, 3), "x1": draw.normal(2, 6)})


def layer_cases():
    for cases in (conv2d_cases, conv_transpose2d_cases, pooling_cases, normalisation_cases, elementwise_cases, joining_cases, resize_cases, reordering_cases,
                  transformer_cases):
        yield from cases()
