#!/usr/bin/env python3
"""Times in PyTorch what the benchmarks' methods `cuda` time, on the same arrays, for cuda/on-card.

  torch_ops.py --device cuda|cpu --out FILE --ours FILE... [--dump FOLDER] [--seconds 80]

Cases are those that JMH's results, --ours, name. The arrays are a function of (seed, index), the same to the bit as
benchmarks' Noise.java makes them. Before anything is timed, the results that ours left in the dump's folder are computed
again here in float64; `agrees` says whether they are within tolerance, `errors` how far apart they are.

A call is timed with the wait for the device, as ours is; `queuedMicroseconds` is a call's share of many that are launched
without waiting. `complete` says whether a function gives all that our kernel gives. Every way that a user would write is
tried, first as it stands, then, while there is time, with torch.compile.
"""
import argparse
import json
import math
import os
import pathlib
import statistics
import sys
import time

import torch
import torch.nn.functional as F

TYPES = {"F32": torch.float32, "BF16": torch.bfloat16}
START = time.monotonic()
PIECE = 1 << 24


def signed(number):
    number &= (1 << 64) - 1
    return number - (1 << 64) if number >> 63 else number


def unsigned_shift(z, count):
    return (z >> count) & ((1 << (64 - count)) - 1)


class Noise:
    """Noise.java's numbers."""

    def __init__(self, device):
        self.device = device

    def bits(self, seed, begin, end):
        index = torch.arange(begin + 1, end + 1, dtype=torch.int64, device=self.device)
        z = index * signed(0x9E3779B97F4A7C15) + signed(0xD1342543DE82EF95 * seed)
        z = (z ^ unsigned_shift(z, 30)) * signed(0xBF58476D1CE4E5B9)
        z = (z ^ unsigned_shift(z, 27)) * signed(0x94D049BB133111EB)
        return z ^ unsigned_shift(z, 31)

    def deviates(self, seed, size, deviation, type=torch.float32):
        scale = torch.tensor(deviation * math.sqrt(3) / 2**17, dtype=torch.float32, device=self.device)
        out = torch.empty(size, dtype=type, device=self.device)
        for begin in range(0, size, PIECE):
            end = min(size, begin + PIECE)
            bits = self.bits(seed, begin, end)
            total = sum(unsigned_shift(bits, 16 * k) & 0xFFFF for k in range(4))
            out[begin:end] = (2 * total - 4 * 0xFFFF).to(torch.float32) * scale
        return out

    def tokens(self, seed, size, vocabulary):
        return unsigned_shift(self.bits(seed, 0, size), 1) % vocabulary


class Case:
    """An operation's arrays; functions() are PyTorch's ways, errors() compares what ours left."""

    def __init__(self, parameters, noise, folder):
        self.rows = int(parameters.get("rows", 0))
        self.vocabulary = int(parameters.get("vocabulary", 0))
        self.type = TYPES[parameters.get("type", "F32")]
        self.parameters, self.noise, self.folder = parameters, noise, folder
        self.make()

    def read(self, name, type):
        values = torch.frombuffer(bytearray((self.folder / f"{name}.bin").read_bytes()), dtype=type)
        return values.to(self.noise.device)

    def prepare(self):
        """Before each call, untimed."""

    def logits(self):
        x = self.noise.deviates(1, self.rows * self.vocabulary, 2, self.type)
        return x.view(self.rows, self.vocabulary)


def furthest(ours, theirs):
    return (ours.double() - theirs.double()).abs().max().item()


def draws(probability):
    """Ways to draw a token from each row of a softmax, with its log-probability."""

    def multinomial(x):
        p = probability(x)
        token = torch.multinomial(p, 1)
        return token, p.gather(1, token).log()

    def exponential(x):
        p = probability(x)
        token = (p / torch.empty_like(p).exponential_()).argmax(-1, keepdim=True)
        return token, p.gather(1, token).log()

    def inverse(x):
        p = probability(x)
        sums = p.cumsum(-1)
        at = torch.rand(len(p), 1, device=p.device) * sums[:, -1:]
        token = torch.searchsorted(sums, at, right=True).clamp_(max=p.shape[1] - 1)
        return token, p.gather(1, token).log()

    return {"softmax, multinomial": multinomial, "softmax, exponential race": exponential, "softmax, cumsum, searchsorted": inverse}


class Sample(Case):
    def make(self):
        self.x = self.logits()

    def functions(self):
        ways = draws(lambda x: torch.softmax(x.float(), -1))
        return [(name, way, (self.x,), True) for name, way in ways.items()]

    def errors(self):
        token = self.read("token", torch.int32).long()[:, None]
        sums = self.x.double().softmax(-1).cumsum(-1)
        uniform = self.read("uniform", torch.float32).double()[:, None]
        # Ours is the first token whose cumulative probability exceeds the uniform number, which was rounded to f32.
        before = torch.where(token > 0, sums.gather(1, (token - 1).clamp(min=0)), 0.0)
        outside = torch.maximum(before - uniform, uniform - sums.gather(1, token)).max().item()
        log_prob = self.x.double().log_softmax(-1).gather(1, token)[:, 0]
        return {"draw": (max(outside, 0.0), 1e-6), "logProb": (furthest(self.read("logProb", torch.float32), log_prob), 1e-4)}


class TokenLogProb(Case):
    def make(self):
        self.x = self.logits()
        self.token = self.noise.tokens(2, self.rows, self.vocabulary)

    def functions(self):
        def all_three(x, token):
            log = torch.log_softmax(x.float(), -1)
            log_prob = log.gather(1, token[:, None])[:, 0]
            return log_prob, x.gather(1, token[:, None])[:, 0].float() - log_prob, -(log.exp() * log).sum(-1)

        def by_sums(x, token):
            exact = x.float()
            sums = exact.logsumexp(-1)
            mean = (torch.softmax(exact, -1) * exact).sum(-1)
            return exact.gather(1, token[:, None])[:, 0] - sums, sums, sums - mean

        def cross_entropy(x, token):
            return -F.cross_entropy(x, token, reduction="none")

        arguments = (self.x, self.token)
        return [("log_softmax, gather, entropy", all_three, arguments, True), ("logsumexp, gather, entropy", by_sums, arguments, True),
                ("cross_entropy, no entropy", cross_entropy, arguments, False)]

    def errors(self):
        log = self.x.double().log_softmax(-1)
        log_prob = log.gather(1, self.token[:, None])[:, 0]
        sums = self.x.double().gather(1, self.token[:, None])[:, 0] - log_prob
        found = {"logProb": log_prob, "logSumExp": sums, "entropy": -(log.exp() * log).sum(-1)}
        return {name: (furthest(self.read(name, torch.float32), value), 1e-4) for name, value in found.items()}


class Gradient(Case):
    def make(self):
        self.fresh = self.logits()
        self.x = self.fresh.clone()
        self.index = self.noise.tokens(2, self.rows, self.vocabulary)[:, None]
        self.coefficient = self.noise.deviates(3, self.rows, 1)[:, None]
        self.sums = torch.cat([part.float().logsumexp(-1, keepdim=True) for part in self.fresh.split(64)])

    def prepare(self):
        self.x.copy_(self.fresh)

    def functions(self):
        def softmax(x, index, coefficient, sums):
            weight = coefficient.to(x.dtype)
            return torch.softmax(x, -1).mul_(-weight).scatter_add_(1, index, weight)

        def exponential(x, index, coefficient, sums):
            result = (torch.exp(x.float() - sums) * -coefficient).to(x.dtype)
            return result.scatter_add_(1, index, coefficient.to(x.dtype))

        arguments = (self.x, self.index, self.coefficient, self.sums)
        return [("softmax, mul_, scatter_add_", softmax, arguments, True), ("exp(x - logsumexp), scatter_add_", exponential, arguments, True)]

    def errors(self):
        ours = self.read("gradient", self.type).view(-1, self.vocabulary).double()
        n = len(ours)
        wanted = -self.coefficient[:n].double() * self.fresh[:n].double().softmax(-1)
        wanted.scatter_add_(1, self.index[:n], self.coefficient[:n].double())
        share = ((ours - wanted).norm() / wanted.norm()).item()
        return {"gradient": (share, 1e-4 if self.type == torch.float32 else 0.01)}


class Adam(Case):
    RULE = dict(lr=1e-4, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)

    def make(self):
        self.size = int(self.parameters["parameters"])
        self.parameter, self.optimizer = self.start(self.size)

    def start(self, size):
        parameter = self.noise.deviates(1, size, 0.02).requires_grad_()
        parameter.grad = self.noise.deviates(2, size, 1e-3)
        return parameter, torch.optim.AdamW([parameter], fused=True, **self.RULE)

    def functions(self):
        return [("AdamW(fused=True)", lambda: self.optimizer.step(), (), True)]

    def errors(self):
        ours = self.read("parameter", torch.float32)
        parameter = self.noise.deviates(1, len(ours), 0.02).double().requires_grad_()
        parameter.grad = self.noise.deviates(2, len(ours), 1e-3).double()
        optimizer = torch.optim.AdamW([parameter], **self.RULE)
        for _ in range(2):
            optimizer.step()
        return {"parameter": (furthest(ours, parameter.detach()), 1e-6)}


class LmHead(Case):
    def make(self):
        width = int(self.parameters["width"])
        self.hidden = self.noise.deviates(1, self.rows * width, 1, torch.bfloat16).view(self.rows, width)
        self.weight = self.noise.deviates(2, self.vocabulary * width, 2 / math.sqrt(width), torch.bfloat16).view(-1, width)

    def functions(self):
        def after_product(way):
            return lambda hidden, weight: way(F.linear(hidden, weight))

        ways = draws(lambda x: torch.softmax(x.float(), -1))
        return [("linear, " + name, after_product(way), (self.hidden, self.weight), True) for name, way in ways.items()]

    def errors(self):
        token = self.read("token", torch.int32).long()[:, None]
        logits = self.hidden.double() @ self.weight.double().T
        log_prob = logits.log_softmax(-1).gather(1, token)[:, 0]
        return {"logProb": (furthest(self.read("logProb", torch.float32), log_prob), 1e-3)}


CASES = {"sample": Sample, "tokenLogProb": TokenLogProb, "gradient": Gradient, "adam": Adam, "lmHead": LmHead}


def first_line(failure):
    return (str(failure).strip().splitlines() or [type(failure).__name__])[0][:300]


def measure(case, function, arguments, device):
    """Microseconds of one call and its wait, and of one of many queued."""
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    with torch.no_grad():
        for _ in range(3):
            case.prepare()
            function(*arguments)
        wait()
        times, end = [], time.monotonic() + 0.4
        while len(times) < 5 or (time.monotonic() < end and len(times) < 500):
            case.prepare()
            wait()
            start = time.perf_counter()
            function(*arguments)
            wait()
            times.append((time.perf_counter() - start) * 1e6)
        start = time.perf_counter()
        for _ in range(20):
            function(*arguments)
        wait()
        queued = (time.perf_counter() - start) / 20 * 1e6
    return statistics.median(times), queued


def named(benchmark):
    kind = benchmark.split(".")[-2].removesuffix("Benchmark")
    return kind[0].lower() + kind[1:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--ours", required=True, nargs="+", type=pathlib.Path, help="JMH's results")
    parser.add_argument("--dump", type=pathlib.Path, help="folder of our results")
    parser.add_argument("--seconds", type=float, default=80)
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.exit(f"torch {torch.__version__} can't use the card here: torch.cuda.is_available() is False")

    report = dict(torch=torch.__version__, cuda=torch.version.cuda, rows=[],
                  device=torch.cuda.get_device_name() if options.device == "cuda" else "cpu")

    def save():
        new = pathlib.Path(f"{options.out}.new")
        new.write_text(json.dumps(report, indent=1) + "\n")
        os.replace(new, options.out)

    def remaining():
        return options.seconds - (time.monotonic() - START)

    def time_case(parameters, operation, compiled, row):
        folder = options.dump / "-".join([operation, *order(operation, parameters)]) if options.dump else None
        case = CASES[operation](parameters, Noise(options.device), folder)
        if not compiled and folder and folder.is_dir():
            errors = case.errors()
            row["agrees"] = all(error <= tolerance for error, tolerance in errors.values())
            row["errors"] = {name: dict(error=error, tolerance=tolerance) for name, (error, tolerance) in errors.items()}
        for name, function, arguments, complete in case.functions():
            if remaining() < 0 or compiled and not arguments:
                continue
            try:
                if compiled:
                    name, function = name + ", compiled", torch.compile(function, dynamic=False)
                median, queued = measure(case, function, arguments, options.device)
                row["functions"].append(dict(name=name, complete=complete, microseconds=median, queuedMicroseconds=queued))
            except Exception as failure:  # one way that can't be run here leaves the others
                row.setdefault("failures", []).append(f"{name}: {first_line(failure)}")
            save()

    results = [result for file in options.ours if file.exists() for result in json.loads(file.read_text())]
    for compiled in (False, True):
        for k, result in enumerate(results):
            operation, parameters = named(result["benchmark"]), result["params"]
            if not compiled:
                report["rows"].append(dict(operation=operation, parameters=parameters, functions=[]))
            row = report["rows"][k]
            if remaining() < 0:
                row["cut"] = "no time was left" + (" to compile" if compiled else "")
                continue
            try:
                time_case(parameters, operation, compiled, row)
            except Exception as failure:
                row.setdefault("failures", []).append(first_line(failure))
            if not compiled:
                print(operation, parameters, row.get("agrees"), [(f["name"], round(f["microseconds"], 1)) for f in row["functions"]], flush=True)
            save()
    save()
    disagree = [row for row in report["rows"] if row.get("agrees") is False]
    for row in disagree:
        print("results disagree:", row["operation"], row["parameters"], row["errors"])
    sys.exit(1 if disagree else 0)


def order(operation, parameters):
    """Parameters as ours name a folder by them."""
    keys = {"adam": ["parameters"], "lmHead": ["rows", "width", "vocabulary"]}.get(operation, ["rows", "vocabulary", "type"])
    return [parameters[key] for key in keys]


if __name__ == "__main__":
    main()
