package io.equipoise.cuda;

import io.equipoise.kernels.AdamRule;
import io.equipoise.kernels.CoefficientRule;
import io.equipoise.kernels.KernelException;
import io.equipoise.kernels.Kernels;
import io.equipoise.kernels.Shapes;
import io.equipoise.kernels.Truncation;
import io.equipoise.kernels.WordAutomaton;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Memory;
import io.equipoise.memory.Vector;
import java.util.ArrayList;
import java.util.List;

/**
 * The operations in CUDA, launched on a device: a source file each in {@code cuda/src/main/cuda}, shipped as PTX.
 *
 * <p>Vectors and matrices may be in the device's memory, where they are used in place, or in the host's, from where they
 * are copied and back. An operation that touches host memory has run when it returns; one that doesn't may not have.
 * Either way tokens are looked at before anything is launched, so those in the device's memory are copied to the host.
 */
public final class CudaKernels implements Kernels {
    /** Elements a block of adam takes at a time: four a thread. */
    private static final int ADAM_ELEMENTS = 4 * Launcher.THREADS;

    private static final int ADAM_BLOCKS = 4096;

    /** A warp a block, a sequence a thread: few sequences use many multiprocessors. */
    private static final int MATCH_WORDS_THREADS = 32;

    private final Launcher launcher;
    private final Memory memory;

    /** @param device stays the caller's, and outlives this */
    public CudaKernels(Device device) {
        launcher = new Launcher(device);
        memory = new DeviceMemory(device);
    }

    /**
     * The PTX of an operation's kernels. Those that read logits have one entry for each type of them: {@code
     * <operation>_f32_kernel}, {@code _bf16_}, {@code _f16_}.
     *
     * @param operation as in the name of its source: {@code token_log_prob}
     * @param architecture the device's compute capability, major · 10 + minor
     * @throws KernelException when no kernel of that name is shipped, or the device is too old
     */
    public static String ptx(String operation, int architecture) {
        return Ptx.of(operation, architecture);
    }

    /** What they are launched on. */
    public Device device() {
        return launcher.device();
    }

    @Override
    public String description() {
        return "cuda (" + device().description() + ")";
    }

    @Override
    public Memory memory() {
        return memory;
    }

    @Override
    public void sample(
            Vector token,
            Vector logProb,
            Matrix logits,
            Vector sequence,
            Vector position,
            double temperature,
            Truncation truncation,
            long seed) {
        Shapes.sample(token, logProb, logits, sequence, position, temperature);
        String operation = truncation.isNone() ? "sample" : "sample_truncated";
        String entry = Launcher.entry(operation, logits.type());
        if (logits.rows() == 0) return;
        try (var operands = new Operands(launcher.device())) {
            var arguments = new ArrayList<Object>(List.of(
                    operands.write(token),
                    operands.write(logProb),
                    operands.read(logits),
                    operands.read(sequence),
                    operands.read(position),
                    logits.columns(),
                    logits.rowStride(),
                    temperature));
            if (!truncation.isNone()) arguments.addAll(List.of(truncation.topK(), truncation.topP()));
            arguments.add(seed);
            launcher.launch(operation, entry, Launcher.blocks(logits.rows()), arguments.toArray());
            operands.finish();
        }
    }

    @Override
    public void tokenLogProb(
            Vector logProb, Vector logSumExp, Vector entropy, Matrix logits, Vector token, double temperature) {
        Shapes.tokenLogProb(logProb, logSumExp, entropy, logits, token, temperature);
        String entry = Launcher.entry("token_log_prob", logits.type());
        if (logits.rows() == 0) return;
        launcher.checkTokens("tokenLogProb", token, logits.columns());
        try (var operands = new Operands(launcher.device())) {
            launcher.launch(
                    "token_log_prob",
                    entry,
                    Launcher.blocks(logits.rows()),
                    operands.write(logProb),
                    operands.write(logSumExp),
                    operands.write(entropy),
                    operands.read(logits),
                    operands.read(token),
                    logits.columns(),
                    logits.rowStride(),
                    Launcher.reciprocal(temperature));
            operands.finish();
        }
    }

    /**
     * {@link #tokenLogProb} at temperature 1 of logits that never exist as a whole: one chunk of the vocabulary after the
     * other, each with all rows, from column 0 on. A chunk is asked for when the work on the one before has been queued
     * or done, so on a device's stream they may share their memory.
     *
     * @param logProb (N), f32, out: as for the whole; so are the others
     * @param logSumExp (N), f32, out
     * @param entropy (N), f32, out
     * @param chunks (N, some columns) each, {@code vocabulary} columns together
     * @param token (N), i32; negative is padding, {@code vocabulary} or more an error
     * @param vocabulary V
     */
    public void tokenLogProb(
            Vector logProb, Vector logSumExp, Vector entropy, Iterable<Matrix> chunks, Vector token, long vocabulary) {
        new ChunkedLogProb(launcher).run(logProb, logSumExp, entropy, chunks, token, vocabulary);
    }

    /**
     * {@link #sample} from the logits hidden · weightᵀ, which are never written. By the Gumbel-max trick with one number
     * {@link io.equipoise.kernels.Philox#uniform}(seed, sequence, position, 1 + token) a token, so the draws are others
     * than {@code sample}'s, from the same distribution.
     *
     * @param token (B), i32, out; −1 where the row holds a NaN, +∞ or nothing but −∞
     * @param logProb (B), f32, out: log-probability of the draw, nats
     * @param hidden (B, D), bf16
     * @param weight (V, D), bf16: the head's
     * @param sequence (B), i64: index of the row's sequence in the run
     * @param position (B), i32: index of the token in its sequence
     * @param temperature > 0; where a logit over it isn't finite in f32, the row draws nothing
     */
    public void lmHeadSample(
            Vector token,
            Vector logProb,
            Matrix hidden,
            Matrix weight,
            Vector sequence,
            Vector position,
            double temperature,
            long seed) {
        new LmHead(launcher).sample(token, logProb, hidden, weight, sequence, position, temperature, seed);
    }

    @Override
    public void energy(
            Vector logTarget,
            Vector logWeight,
            Vector logRatio,
            Vector statistics,
            Matrix base,
            Matrix proposal,
            Matrix policy,
            Matrix phi,
            Vector lambda,
            Vector filter,
            double logZ) {
        Shapes.energy(logTarget, logWeight, logRatio, statistics, base, proposal, policy, phi, lambda, filter);
        try (var operands = new Operands(launcher.device())) {
            launcher.launch(
                    "energy",
                    "energy_kernel",
                    Launcher.blocks(1),
                    operands.write(logTarget),
                    operands.write(logWeight),
                    operands.write(logRatio),
                    operands.write(statistics),
                    operands.read(base),
                    operands.read(proposal),
                    operands.read(policy),
                    operands.read(phi),
                    operands.read(lambda),
                    operands.read(filter),
                    base.rows(),
                    base.columns(),
                    phi.columns(),
                    base.rowStride(),
                    proposal.rowStride(),
                    policy.rowStride(),
                    phi.rowStride(),
                    logZ);
            operands.finish();
        }
    }

    @Override
    public void coefficient(
            Vector coefficient, Vector logTarget, Vector logProposal, Vector logPolicy, CoefficientRule rule) {
        Shapes.coefficient(coefficient, logTarget, logProposal, logPolicy);
        if (coefficient.size() == 0) return;
        try (var operands = new Operands(launcher.device())) {
            launcher.launch(
                    "coefficient",
                    "coefficient_kernel",
                    Launcher.threads(coefficient.size()),
                    operands.write(coefficient),
                    operands.read(logTarget),
                    operands.read(logProposal),
                    operands.read(logPolicy),
                    coefficient.size(),
                    rule.form().code(),
                    rule.logZ(),
                    rule.normalize() ? 1 : 0,
                    rule.parameter(),
                    rule.limit(),
                    rule.scoreSum(),
                    rule.ratioSum());
            operands.finish();
        }
    }

    @Override
    public void gradient(Matrix logits, Vector logSumExp, Vector token, Vector coefficient) {
        Shapes.gradient(logits, logSumExp, token, coefficient);
        String entry = Launcher.entry("gradient", logits.type());
        if (logits.rows() == 0) return;
        launcher.checkTokens("gradient", token, logits.columns());
        try (var operands = new Operands(launcher.device())) {
            launcher.launch(
                    "gradient",
                    entry,
                    Launcher.blocks(logits.rows()),
                    operands.update(logits),
                    operands.read(logSumExp),
                    operands.read(token),
                    operands.read(coefficient),
                    logits.columns(),
                    logits.rowStride());
            operands.finish();
        }
    }

    @Override
    public void adam(
            Vector parameter, Vector firstMoment, Vector secondMoment, Vector gradient, AdamRule rule, double scale) {
        adam(parameter, firstMoment, secondMoment, gradient, Vector.NONE, rule, scale);
    }

    /**
     * {@link #adam(Vector, Vector, Vector, Vector, AdamRule, double) adam} with a copy of the new parameter in bf16,
     * rounded to nearest, for products.
     *
     * @param copy (P), bf16, out, or {@link Vector#NONE}
     */
    public void adam(
            Vector parameter,
            Vector firstMoment,
            Vector secondMoment,
            Vector gradient,
            Vector copy,
            AdamRule rule,
            double scale) {
        Shapes.adam(parameter, firstMoment, secondMoment, gradient);
        long size = parameter.size();
        if (!copy.isNone() && (copy.type() != DataType.BF16 || copy.size() != size)) {
            throw new KernelException(
                    "adam: copy is " + copy.type() + " of " + copy.size() + ", wanted BF16 of " + size);
        }
        if (size == 0) return;
        // In f64, as for the CPU's: 1 − β₂ᵗ has few digits in f32.
        double correction1 = 1 - Math.pow(rule.beta1(), rule.step());
        double correction2 = 1 - Math.pow(rule.beta2(), rule.step());
        try (var operands = new Operands(launcher.device())) {
            launcher.launch(
                    "adam",
                    "adam_kernel",
                    Launcher.blocks(Math.min(Launcher.parts(size, ADAM_ELEMENTS), ADAM_BLOCKS)),
                    operands.update(parameter),
                    operands.update(firstMoment),
                    operands.update(secondMoment),
                    operands.read(gradient),
                    copy.isNone() ? 0L : operands.write(copy),
                    size,
                    (float) scale,
                    (float) rule.beta1(),
                    (float) (1 - rule.beta1()),
                    (float) rule.beta2(),
                    (float) (1 - rule.beta2()),
                    (float) (rule.learningRate() * rule.weightDecay()),
                    (float) (rule.learningRate() / correction1),
                    (float) (1 / Math.sqrt(correction2)),
                    (float) rule.epsilon());
            operands.finish();
        }
    }

    @Override
    public void matchWords(Vector found, Vector token, Vector start, WordAutomaton automaton) {
        Shapes.matchWords(found, token, start);
        // Starts in the device's memory aren't looked at: the kernel reads no token outside what there is.
        if (!launcher.device().holds(start.address())) Shapes.starts(start.toLongs(), token.size());
        if (found.size() == 0) return;
        try (var operands = new Operands(launcher.device())) {
            launcher.launch(
                    "match_words",
                    "match_words_kernel",
                    Device.Grid.of(Launcher.parts(found.size(), MATCH_WORDS_THREADS), MATCH_WORDS_THREADS),
                    operands.write(found),
                    operands.read(token),
                    operands.read(start),
                    operands.read(automaton.transition()),
                    operands.read(automaton.offset()),
                    operands.read(automaton.symbol()),
                    found.size(),
                    token.size(),
                    automaton.vocabulary());
            operands.finish();
        }
    }
}
