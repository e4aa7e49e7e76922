"""Computes again in torch what OperationRun or StepRun wrote with --check, and compares; prints one JSON object.

  check.py OPERATION TYPE FOLDER

`error` is, for log-probabilities, the largest difference in nats; for gradients, the norm of the difference as a share of
the norm. `tolerance` says how much was allowed.
"""
import json
import math
import pathlib
import sys

import torch
import torch.nn.functional as F

V, D = 50257, 768
OPERATION, TYPE, FOLDER = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
LOGITS = {"F32": torch.float32, "BF16": torch.bfloat16}[TYPE]
LOW = TYPE != "F32"


def read(name, dtype=torch.float32, *shape):
    values = torch.frombuffer(bytearray((FOLDER / f"{name}.bin").read_bytes()), dtype=dtype)
    return values.view(*shape) if shape else values


def nats(ours, theirs):
    return (ours.double() - theirs.double()).abs().max().item()


def share(ours, theirs):
    return ((ours.double() - theirs.double()).norm() / theirs.double().norm()).item()


def tokens(name="token"):
    return read(name, torch.int32).long()


def sample():
    x = read("logits", LOGITS, -1, V).double()
    token = tokens()[:, None]
    cdf = x.softmax(-1).cumsum(-1)
    u = read("uniform").double()[:, None]
    # The draw is the first whose cumulative probability exceeds u; u itself was rounded to f32.
    before = torch.where(token > 0, cdf.gather(1, (token - 1).clamp(min=0)), 0.0)
    outside = torch.maximum(before - u, u - cdf.gather(1, token)).max().item()
    log_prob = x.log_softmax(-1).gather(1, token)[:, 0]
    return dict(draw=(max(outside, 0.0), 1e-6), log_prob=(nats(read("logProb"), log_prob), 1e-4))


def token_log_prob():
    x = read("logits", LOGITS, -1, V).double()
    n = len(x)
    log = x.log_softmax(-1)
    entropy = -(log.exp() * log).sum(-1)
    return dict(log_prob=(nats(read("logProb")[:n], log.gather(1, tokens()[:n, None])[:, 0]), 1e-4),
                entropy=(nats(read("entropy")[:n], entropy), 1e-4))


def gradient():
    x = read("logits", LOGITS, -1, V).float().requires_grad_()
    n = len(x)
    log_prob = -F.cross_entropy(x, tokens()[:n], reduction="none")
    (log_prob * read("coefficient")[:n]).sum().backward()
    return dict(log_prob=(nats(read("logProb")[:n], log_prob.detach()), 1e-4),
                gradient=(share(read("gradient", LOGITS, -1, V), x.grad), 0.01 if LOW else 1e-4))


def head():
    h = read("hidden", LOGITS, -1, D).float().requires_grad_()
    w = read("head", LOGITS, V, D).float().requires_grad_()
    y, c = tokens(), read("coefficient")
    logs = []
    for i in range(0, len(h), 256):
        log_prob = -F.cross_entropy(F.linear(h[i:i + 256], w), y[i:i + 256], reduction="none")
        (log_prob * c[i:i + 256]).sum().backward()
        logs.append(log_prob.detach())
    return dict(log_prob=(nats(read("logProb"), torch.cat(logs)), 0.05 if LOW else 1e-4),
                grad_hidden=(share(read("gradHidden", torch.float32, -1, D), h.grad), 0.02 if LOW else 1e-4),
                grad_head=(share(read("gradHead", torch.float32, V, D), w.grad), 0.02 if LOW else 1e-4))


def step():
    """The second step: base a, policy π = proposal q; w = b·a/q, c = (w − Z)/Z, Z the mean of all w so far."""
    from transformers import GPT2LMHeadModel

    result = json.loads((FOLDER / "step.json").read_text())
    base = GPT2LMHeadModel.from_pretrained(FOLDER / "model").eval()
    policy = GPT2LMHeadModel.from_pretrained(FOLDER / "policy").eval()
    bos = base.config.bos_token_id
    length = result["tokens"] // (len(read("logPolicy", torch.float64)))

    def log_prob(model, ids):
        ids = F.pad(ids, (1, 0), value=bos)
        hidden = model.transformer(ids[:, :-1], use_cache=False).last_hidden_state
        logits = F.linear(hidden.reshape(-1, hidden.shape[-1]), model.lm_head.weight)
        return -F.cross_entropy(logits, ids[:, 1:].reshape(-1), reduction="none").view(len(ids), -1).sum(1)

    def holds(ids):
        return (ids % 97 == 5).any(1).double()

    fit, first, ids = (tokens(name).view(-1, length) for name in ("fitTokens", "firstTokens", "tokens"))
    parts = [slice(i, i + 16) for i in range(0, len(ids), 16)]
    with torch.no_grad():
        log_base = torch.cat([log_prob(base, ids[part]) for part in parts]).double()
        log_policy = torch.cat([log_prob(policy, ids[part]) for part in parts]).double()
    weight = holds(ids) * (log_base - log_policy).exp()
    z = torch.cat([holds(fit), holds(first), weight]).mean()
    c = (weight - z) / z
    for part in parts:
        (c[part] * log_prob(policy, ids[part])).sum().backward()
    norm = math.sqrt(sum(p.grad.double().square().sum().item() for p in policy.parameters())) / len(ids)
    terms = c * log_policy
    loss = -terms.mean().item()
    return dict(log_policy=(nats(read("logPolicy", torch.float64), log_policy), 1.0 if LOW else 0.01),
                log_z=(abs(result["logZ"] - z.log().item()), 0.05 if LOW else 1e-3),
                # Terms of either sign and hundreds of nats: their mean is as exact as they are.
                loss=(abs(result["loss"] - loss) / terms.abs().mean().item(), 0.05 if LOW else 1e-3),
                gradient_norm=(abs(result["gradientNorm"] / norm - 1), 0.05 if LOW else 1e-3))


found = dict(sample=sample, tokenLogProb=token_log_prob, gradient=gradient, head=head, step=step)[OPERATION]()
print(json.dumps(dict(agree=all(error <= tolerance for error, tolerance in found.values()),
                      results={name: dict(error=error, tolerance=tolerance) for name, (error, tolerance) in found.items()})))
