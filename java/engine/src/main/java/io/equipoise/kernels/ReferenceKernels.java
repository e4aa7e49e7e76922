package io.equipoise.kernels;

import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.Arrays;
import java.util.Optional;

/** Every operation in plain Java and float64: the oracle the others are tested against, and the last fallback. */
public final class ReferenceKernels implements Kernels {
    @Override
    public String description() {
        return "reference (java, f64)";
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
        long[] sequences = sequence.toLongs();
        int[] positions = position.toInts();
        var tokens = new int[sequences.length];
        var logProbs = new float[sequences.length];
        for (int row = 0; row < tokens.length; row++) {
            double[] logProbabilities = logSoftmax(logits.row(row), temperature);
            if (!truncation.isNone()) truncate(logProbabilities, truncation);
            double uniform = Philox.uniform(seed, sequences[row], positions[row], 0);
            tokens[row] = draw(logProbabilities, uniform);
            logProbs[row] = tokens[row] < 0 ? Float.NaN : (float) logProbabilities[tokens[row]];
        }
        token.put(tokens);
        logProb.put(logProbs);
    }

    @Override
    public void tokenLogProb(
            Vector logProb, Vector logSumExp, Vector entropy, Matrix logits, Vector token, double temperature) {
        Shapes.tokenLogProb(logProb, logSumExp, entropy, logits, token, temperature);
        int[] tokens = token.toInts();
        checkTokens("tokenLogProb", tokens, logits);
        var logProbs = new float[tokens.length];
        var logSumExps = new float[tokens.length];
        var entropies = new float[tokens.length];
        for (int row = 0; row < tokens.length; row++) {
            if (tokens[row] < 0) continue;
            double[] x = scaled(logits.row(row), temperature);
            double normaliser = logSumExp(x);
            logProbs[row] = (float) (x[tokens[row]] - normaliser);
            logSumExps[row] = (float) normaliser;
            double sum = 0;
            for (double value : x) {
                double logProbability = value - normaliser;
                // A probability of 0 adds nothing: 0 · (−∞) would be NaN.
                if (logProbability != Double.NEGATIVE_INFINITY) sum -= Math.exp(logProbability) * logProbability;
            }
            entropies[row] = (float) sum;
        }
        logProb.put(logProbs);
        logSumExp.put(logSumExps);
        entropy.put(entropies);
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
        double[] logBase = rowSums(base);
        double[] logProposal = rowSums(proposal);
        double[] logPolicy = rowSums(policy);
        double[] parameters = lambda.toDoubles();
        int[] allowed = filter.toInts();
        var targets = new double[logBase.length];
        var weights = new double[logBase.length];
        var ratios = new double[logBase.length];
        for (int i = 0; i < targets.length; i++) {
            double logPotential = 0;
            double[] features = phi.doubles(i);
            for (int f = 0; f < features.length; f++) logPotential += parameters[f] * features[f];
            // Features of a text that is not allowed may be anything.
            targets[i] = logBase[i] + (allowed[i] == 0 ? Double.NEGATIVE_INFINITY : logPotential);
            weights[i] = targets[i] - logProposal[i];
            ratios[i] = logPolicy[i] - logProposal[i];
        }
        logTarget.put(targets);
        logWeight.put(weights);
        logRatio.put(ratios);
        statistics.put(EnergyStatistics.of(targets, logProposal, logPolicy, logBase, logZ)
                .toDoubles());
    }

    private static double[] rowSums(Matrix matrix) {
        var sums = new double[Math.toIntExact(matrix.rows())];
        for (int row = 0; row < sums.length; row++) {
            for (float value : matrix.row(row)) sums[row] += value;
        }
        return sums;
    }

    @Override
    public void coefficient(
            Vector coefficient, Vector logTarget, Vector logProposal, Vector logPolicy, CoefficientRule rule) {
        Shapes.coefficient(coefficient, logTarget, logProposal, logPolicy);
        double[] targets = logTarget.toDoubles();
        double[] proposals = logProposal.toDoubles();
        double[] policies = logPolicy.toDoubles();
        var coefficients = new double[targets.length];
        Arrays.setAll(coefficients, i -> rule.coefficient(targets[i], proposals[i], policies[i]));
        coefficient.put(coefficients);
    }

    @Override
    public void gradient(Matrix logits, Vector logSumExp, Vector token, Vector coefficient) {
        Shapes.gradient(logits, logSumExp, token, coefficient);
        int[] tokens = token.toInts();
        checkTokens("gradient", tokens, logits);
        float[] normaliser = logSumExp.toFloats();
        float[] coefficients = coefficient.toFloats();
        for (int row = 0; row < tokens.length; row++) {
            var gradient = new float[(int) logits.columns()];
            if (tokens[row] >= 0 && coefficients[row] != 0) {
                float[] x = logits.row(row);
                for (int v = 0; v < gradient.length; v++) {
                    double onehot = v == tokens[row] ? 1 : 0;
                    gradient[v] = (float) (coefficients[row] * (onehot - Math.exp((double) x[v] - normaliser[row])));
                }
            }
            logits.putRow(row, gradient);
        }
    }

    @Override
    public void adam(
            Vector parameter, Vector firstMoment, Vector secondMoment, Vector gradient, AdamRule rule, double scale) {
        Shapes.adam(parameter, firstMoment, secondMoment, gradient);
        float[] parameters = parameter.toFloats();
        float[] m = firstMoment.toFloats();
        float[] v = secondMoment.toFloats();
        float[] gradients = gradient.toFloats();
        double correction1 = 1 - Math.pow(rule.beta1(), rule.step());
        double correction2 = 1 - Math.pow(rule.beta2(), rule.step());
        double decay = 1 - rule.learningRate() * rule.weightDecay();
        for (int i = 0; i < parameters.length; i++) {
            double g = scale * gradients[i];
            double first = rule.beta1() * m[i] + (1 - rule.beta1()) * g;
            double second = rule.beta2() * v[i] + (1 - rule.beta2()) * g * g;
            m[i] = (float) first;
            v[i] = (float) second;
            double update = first / correction1 / (Math.sqrt(second / correction2) + rule.epsilon());
            parameters[i] = (float) (parameters[i] * decay - rule.learningRate() * update);
        }
        parameter.put(parameters);
        firstMoment.put(m);
        secondMoment.put(v);
    }

    @Override
    public void matchWords(Vector found, Vector token, Vector start, WordAutomaton automaton) {
        Shapes.matchWords(found, token, start);
        int[] tokens = token.toInts();
        long[] starts = start.toLongs();
        Shapes.starts(starts, tokens.length);
        var verdicts = new int[starts.length - 1];
        Arrays.setAll(verdicts, i -> automaton.read(tokens, (int) starts[i], (int) starts[i + 1]));
        found.put(verdicts);
    }

    /** Before anything is written: a row's token is wrong whatever its coefficient. */
    private static void checkTokens(String operation, int[] tokens, Matrix logits) {
        for (int row = 0; row < tokens.length; row++) {
            if (tokens[row] >= logits.columns()) {
                throw new KernelException(operation + ": token " + tokens[row] + " at position " + row
                        + " is outside the vocabulary of " + logits.columns());
            }
        }
    }

    private static double[] scaled(float[] logits, double temperature) {
        var x = new double[logits.length];
        for (int v = 0; v < x.length; v++) x[v] = logits[v] / temperature;
        return x;
    }

    private static double logSumExp(double[] x) {
        double max = Double.NEGATIVE_INFINITY;
        for (double value : x) max = value > max || Double.isNaN(value) ? value : max;
        for (double value : x) if (Double.isNaN(value)) return Double.NaN;
        if (Double.isInfinite(max)) return max;
        double sum = 0;
        for (double value : x) sum += Math.exp(value - max);
        return max + Math.log(sum);
    }

    private static double[] logSoftmax(float[] logits, double temperature) {
        double[] x = scaled(logits, temperature);
        double normaliser = logSumExp(x);
        for (int v = 0; v < x.length; v++) x[v] -= normaliser;
        return x;
    }

    private static int draw(double[] logProbabilities, double uniform) {
        double cumulative = 0;
        int last = -1;
        for (int v = 0; v < logProbabilities.length; v++) {
            if (Double.isNaN(logProbabilities[v])) return -1;
            if (logProbabilities[v] == Double.NEGATIVE_INFINITY) continue;
            cumulative += Math.exp(logProbabilities[v]);
            last = v;
            if (cumulative > uniform) return v;
        }
        return last; // the probabilities summed to a little less than 1
    }

    private static void truncate(double[] logProbabilities, Truncation truncation) {
        double[] sorted = logProbabilities.clone();
        Arrays.sort(sorted); // ascending, NaN last
        int size = sorted.length;
        if (truncation.topK() > 0 && truncation.topK() < size) {
            keepFrom(logProbabilities, sorted[size - truncation.topK()]);
        }
        if (truncation.topP() < 1) {
            double[] kept = logProbabilities.clone();
            Arrays.sort(kept);
            double mass = 0;
            int i = size;
            while (i > 0 && mass < truncation.topP()) mass += Math.exp(kept[--i]);
            keepFrom(logProbabilities, kept[i]);
        }
    }

    /** Forbids what is below the threshold and renormalises. */
    private static void keepFrom(double[] logProbabilities, double threshold) {
        for (int v = 0; v < logProbabilities.length; v++) {
            if (logProbabilities[v] < threshold) logProbabilities[v] = Double.NEGATIVE_INFINITY;
        }
        double normaliser = logSumExp(logProbabilities);
        for (int v = 0; v < logProbabilities.length; v++) logProbabilities[v] -= normaliser;
    }

    /** Always available, never preferred. */
    static final class Provider implements KernelProvider {
        @Override
        public String name() {
            return "reference";
        }

        @Override
        public int priority() {
            return 0;
        }

        @Override
        public Optional<String> unavailable() {
            return Optional.empty();
        }

        @Override
        public Kernels create() {
            return new ReferenceKernels();
        }
    }
}
