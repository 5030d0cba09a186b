#!/usr/bin/python3
"""Runs two benchmarks in turn and says how many times faster ours is.

Each command prints a JSON object with "median_ms" and "peak_rss_mb" as its last line. The last line of this program is
one too: the median, smallest and largest of the rounds' ratios peer / ours, and the same ratio of the memory. The turns
matter: what else the machine does then slows down both.
"""
import argparse
import json
import shlex
import statistics
import subprocess


def measure(command):
    done = subprocess.run(shlex.split(command), stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"compare.py: '{command}' failed with code {done.returncode}")
    try:
        result = json.loads(done.stdout.splitlines()[-1])
        return result["median_ms"], result["peak_rss_mb"]
    except (IndexError, KeyError, TypeError, ValueError):
        raise SystemExit(f"compare.py: '{command}' printed no line with median_ms and peak_rss_mb")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", required=True, metavar="COMMAND")
    parser.add_argument("--peer", required=True, metavar="COMMAND")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    ours, peer = [], []
    for number in range(1, options.rounds + 1):
        ours.append(measure(options.ours))
        peer.append(measure(options.peer))
        (our_ms, our_mb), (peer_ms, peer_mb) = ours[-1], peer[-1]
        print(f"round {number}: ours {our_ms:.1f} ms, peer {peer_ms:.1f} ms, {peer_ms / our_ms:.2f}x faster; "
              f"memory {our_mb} and {peer_mb} MB", flush=True)
    speedups = [theirs[0] / mine[0] for mine, theirs in zip(ours, peer)]
    (our_ms, our_mb), (peer_ms, peer_mb) = (map(statistics.median, zip(*results)) for results in (ours, peer))
    print(f"medians: ours {our_ms:.1f} ms, peer {peer_ms:.1f} ms; ours takes {our_mb / peer_mb:.2f}x the memory")
    print(json.dumps({"speedup_median": round(statistics.median(speedups), 3), "speedup_min": round(min(speedups), 3),
                      "speedup_max": round(max(speedups), 3), "rss_ratio": round(peer_mb / our_mb, 2)}))


if __name__ == "__main__":
    main()
