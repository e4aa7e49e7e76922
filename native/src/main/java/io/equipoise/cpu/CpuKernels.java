package io.equipoise.cpu;

import io.equipoise.kernels.AdamRule;
import io.equipoise.kernels.CoefficientRule;
import io.equipoise.kernels.KernelException;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.KernelUnavailableException;
import io.equipoise.kernels.Kernels;
import io.equipoise.kernels.Shapes;
import io.equipoise.kernels.TransformerKernels;
import io.equipoise.kernels.Truncation;
import io.equipoise.kernels.WordAutomaton;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Optional;

/**
 * The operations in C++, a source file each in {@code native/src/main/cpp}: vectorised for one instruction set, rows
 * shared among OpenMP's threads. Results don't depend on the number of threads.
 */
public final class CpuKernels implements Kernels {
    private final InstructionSet instructionSet;
    private final TransformerKernels transformer;

    /** @throws KernelUnavailableException when this CPU lacks the instruction set */
    public CpuKernels(InstructionSet instructionSet) {
        if (!instructionSet.isSupported()) {
            throw new KernelUnavailableException(
                    "this CPU can't run " + instructionSet + "; it can run " + InstructionSet.supported());
        }
        this.instructionSet = instructionSet;
        transformer = new CpuTransformerKernels(instructionSet);
    }

    @Override
    public String description() {
        return "cpu (" + instructionSet + ")";
    }

    @Override
    public Optional<TransformerKernels> transformer() {
        return Optional.of(transformer);
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
        CpuOperations.sample(
                token.address(),
                logProb.address(),
                logits.address(),
                sequence.address(),
                position.address(),
                code(logits.type()),
                logits.rows(),
                logits.columns(),
                logits.rowStride(),
                temperature,
                truncation.topK(),
                truncation.topP(),
                seed,
                instructionSet.code());
    }

    @Override
    public void tokenLogProb(
            Vector logProb, Vector logSumExp, Vector entropy, Matrix logits, Vector token, double temperature) {
        Shapes.tokenLogProb(logProb, logSumExp, entropy, logits, token, temperature);
        CpuOperations.tokenLogProb(
                logProb.address(),
                logSumExp.address(),
                entropy.address(),
                logits.address(),
                token.address(),
                code(logits.type()),
                logits.rows(),
                logits.columns(),
                logits.rowStride(),
                temperature,
                instructionSet.code());
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
        CpuOperations.energy(
                logTarget.address(),
                logWeight.address(),
                logRatio.address(),
                statistics.address(),
                base.address(),
                proposal.address(),
                policy.address(),
                phi.address(),
                lambda.address(),
                filter.address(),
                base.rows(),
                base.columns(),
                phi.columns(),
                base.rowStride(),
                proposal.rowStride(),
                policy.rowStride(),
                phi.rowStride(),
                logZ,
                instructionSet.code());
    }

    @Override
    public void coefficient(
            Vector coefficient, Vector logTarget, Vector logProposal, Vector logPolicy, CoefficientRule rule) {
        Shapes.coefficient(coefficient, logTarget, logProposal, logPolicy);
        CpuOperations.coefficient(
                coefficient.address(),
                logTarget.address(),
                logProposal.address(),
                logPolicy.address(),
                coefficient.size(),
                rule.form().code(),
                rule.logZ(),
                rule.normalize(),
                rule.parameter(),
                rule.limit(),
                rule.scoreSum(),
                rule.ratioSum(),
                instructionSet.code());
    }

    @Override
    public void gradient(Matrix logits, Vector logSumExp, Vector token, Vector coefficient) {
        Shapes.gradient(logits, logSumExp, token, coefficient);
        CpuOperations.gradient(
                logits.address(),
                logSumExp.address(),
                token.address(),
                coefficient.address(),
                code(logits.type()),
                logits.rows(),
                logits.columns(),
                logits.rowStride(),
                instructionSet.code());
    }

    @Override
    public void adam(
            Vector parameter, Vector firstMoment, Vector secondMoment, Vector gradient, AdamRule rule, double scale) {
        Shapes.adam(parameter, firstMoment, secondMoment, gradient);
        CpuOperations.adam(
                parameter.address(),
                firstMoment.address(),
                secondMoment.address(),
                gradient.address(),
                parameter.size(),
                rule.learningRate(),
                rule.beta1(),
                rule.beta2(),
                rule.epsilon(),
                rule.weightDecay(),
                rule.step(),
                scale,
                instructionSet.code());
    }

    @Override
    public void matchWords(Vector found, Vector token, Vector start, WordAutomaton automaton) {
        Shapes.matchWords(found, token, start);
        CpuOperations.matchWords(
                found.address(),
                token.address(),
                start.address(),
                automaton.transition().address(),
                automaton.offset().address(),
                automaton.symbol().address(),
                found.size(),
                token.size(),
                automaton.vocabulary());
    }

    /** As {@code Type} in kernels.h numbers them. */
    static int code(DataType type) {
        return switch (type) {
            case F32 -> 0;
            case BF16 -> 1;
            case F16 -> 2;
            case F64, I32, I64 -> throw new KernelException("logits are f32, bf16 or f16, got " + type);
        };
    }

    /** Offers the fastest instruction set, or the one {@value InstructionSet#PROPERTY} forces. */
    public static final class Provider implements KernelProvider {
        @Override
        public String name() {
            return "cpu";
        }

        @Override
        public int priority() {
            return 10;
        }

        @Override
        public Optional<String> unavailable() {
            return NativeLibrary.MISSING;
        }

        @Override
        public Kernels create() {
            NativeLibrary.MISSING.ifPresent(reason -> {
                throw new KernelUnavailableException(reason);
            });
            return new CpuKernels(InstructionSet.chosen());
        }
    }

    /** Tried once: a class whose initialiser failed can't be initialised again. */
    private static final class NativeLibrary {
        static final Optional<String> MISSING = load();

        private static Optional<String> load() {
            try {
                boolean loaded = !InstructionSet.supported().isEmpty();
                return loaded ? Optional.empty() : Optional.of("the native library supports no instruction set");
            } catch (LinkageError e) {
                var cause = e.getCause() == null ? e : e.getCause();
                return Optional.of("its native library can't be loaded: " + cause.getMessage());
            }
        }
    }
}
