"""What the scripts for PyTorch share: options, timing, the JSON line of `amdefect bench`, and ONNX files."""
import argparse
import json
import resource
import statistics
import time
import warnings

import torch


def option_parser(description, batch, size):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", choices=["train", "infer"], default="train")
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--size", type=int, default=size)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5, help="timed steps, after two to warm up")
    parser.add_argument("--channels-last", action="store_true", help="keep the channels of a pixel together")
    parser.add_argument("--onnx", metavar="FILE", help="write the network to this file instead of timing it")
    return parser


def export_onnx(network, size, path):
    """Any number of images of this size."""
    warnings.filterwarnings("ignore", "The shape inference of prim::Constant")  # of PyTorch 1.13, without consequence
    torch.onnx.export(network.eval(), torch.rand(1, 3, size, size), path, opset_version=13, input_names=["image"],
                      dynamic_axes={"image": {0: "batch"}})


def milliseconds_of(step, count):
    for _ in range(2):
        step()
    times = []
    for _ in range(count):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def run(model, make_network, make_loss, options):
    """Writes the network, or times its training with Adam or its inference, and prints the result.

    `make_loss(network, images)` gives the loss as a function of the network's outputs.
    """
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    network = make_network()
    if options.onnx:
        return export_onnx(network, options.size, options.onnx)
    layout = torch.channels_last if options.channels_last else torch.contiguous_format
    network = network.to(memory_format=layout)
    images = torch.rand(options.batch, 3, options.size, options.size).to(memory_format=layout)

    def infer():
        with torch.no_grad():
            network(images)

    if options.mode == "infer":
        network.eval()
        times = milliseconds_of(infer, options.steps)
    else:
        loss, adam = make_loss(network, images), torch.optim.Adam(network.parameters(), 1e-4)

        def train():
            adam.zero_grad()
            loss(network(images)).backward()
            adam.step()

        times = milliseconds_of(train, options.steps)
    print(json.dumps({"program": "pytorch " + torch.__version__, "model": model, "mode": options.mode,
                      "batch": options.batch, "size": options.size, "threads": options.threads,
                      "ms": [round(t, 2) for t in times], "median_ms": round(statistics.median(times), 2),
                      "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))
