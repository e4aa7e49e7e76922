package io.equipoise.cuda.ptx;

import io.equipoise.cuda.CudaKernels;
import io.equipoise.kernels.AdamRule;
import io.equipoise.kernels.Kernels;
import io.equipoise.kernels.ReferenceKernels;
import io.equipoise.kernels.Truncation;
import io.equipoise.kernels.WordAutomaton;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** A small call of each operation, with its results as a list. */
enum SeededWork {
    TOKEN_LOG_PROB {
        @Override
        List<Double> run(Kernels kernels) {
            try (var logits = logits(DataType.F32, 5);
                    var token = Vector.of(3, 1270, -1, 0, 900);
                    var logProb = Vector.f32(5);
                    var logSumExp = Vector.f32(5);
                    var entropy = Vector.f32(5)) {
                var row = logits.row(3);
                row[700] = Float.NaN;
                logits.putRow(3, row);
                kernels.tokenLogProb(logProb, logSumExp, entropy, logits, token, 1.3);
                return list(logProb.toFloats(), logSumExp.toFloats(), entropy.toFloats());
            }
        }
    },
    SAMPLE {
        @Override
        List<Double> run(Kernels kernels) {
            return sample(kernels, COLUMNS, Truncation.NONE);
        }
    },
    /** With more segments than a warp has lanes. */
    SAMPLE_WIDE {
        @Override
        List<Double> run(Kernels kernels) {
            return sample(kernels, 20_011, Truncation.NONE);
        }
    },
    SAMPLE_TRUNCATED {
        @Override
        List<Double> run(Kernels kernels) {
            return sample(kernels, COLUMNS, new Truncation(40, 0.9));
        }
    },
    GRADIENT {
        @Override
        List<Double> run(Kernels kernels) {
            try (var logits = logits(DataType.BF16, 4);
                    var logSumExp = Vector.of(10f, 9.5f, 9f, 10f);
                    var token = Vector.of(5, -1, 1270, 64);
                    var coefficient = Vector.of(-0.5f, 1f, 2f, 0f)) {
                kernels.gradient(logits, logSumExp, token, coefficient);
                var results = new ArrayList<Double>();
                for (int row = 0; row < 4; row++) results.addAll(list(logits.row(row)));
                return results;
            }
        }
    },
    ADAM {
        @Override
        List<Double> run(Kernels kernels) {
            var random = new Random(8);
            try (var parameter = Vector.of(floats(random, 3001));
                    var first = Vector.of(floats(random, 3001));
                    var second = Vector.f32(3001);
                    var gradient = Vector.of(floats(random, 3001))) {
                kernels.adam(parameter, first, second, gradient, new AdamRule(0.01, 0.9, 0.99, 1e-8, 0.1, 3), 0.5);
                return list(parameter.toFloats(), first.toFloats(), second.toFloats());
            }
        }
    },
    LM_HEAD {
        @Override
        List<Double> run(Kernels kernels) {
            try (var hidden = logits(DataType.BF16, 5, 80, 0);
                    var weight = logits(DataType.BF16, 300, 80, 0);
                    var sequence = Vector.of(1L, 2L, 3L, 1L << 40, 5L);
                    var position = Vector.of(0, 1, 2, 3, 4);
                    var token = Vector.i32(5);
                    var logProb = Vector.f32(5)) {
                ((CudaKernels) kernels).lmHeadSample(token, logProb, hidden, weight, sequence, position, 6, 99);
                var results = list(logProb.toFloats());
                for (int value : token.toInts()) results.add((double) value);
                return results;
            }
        }

        @Override
        List<Double> expected() {
            // Its own test compares it with the formula.
            return run(new CudaKernels(new PtxInterpreter(80)));
        }
    },
    /** Starts in the device's memory, which nobody has looked at: one is before the tokens, one after them. */
    MATCH_WORDS {
        @Override
        List<Double> run(Kernels kernels) {
            return matchWords(kernels, -5, 2, 9);
        }

        @Override
        List<Double> expected() {
            return matchWords(new ReferenceKernels(), 0, 2, 4);
        }
    },
    ENERGY {
        @Override
        List<Double> run(Kernels kernels) {
            int sequences = 300;
            try (var base = logits(DataType.F32, sequences, 20);
                    var proposal = logits(DataType.F32, sequences, 20);
                    var policy = logits(DataType.F32, sequences, 20);
                    var phi = Matrix.allocate(DataType.F64, sequences, 2);
                    var lambda = Vector.of(0.5, -0.25);
                    var filter = Vector.i32(sequences);
                    var logTarget = Vector.f64(sequences);
                    var logWeight = Vector.f64(sequences);
                    var logRatio = Vector.f64(sequences);
                    var statistics = Vector.f64(10)) {
                var allowed = new int[sequences];
                for (int i = 0; i < sequences; i++) {
                    phi.putRow(i, (double) (i % 7), (double) (i % 3));
                    allowed[i] = i % 5;
                    // not all the same
                    proposal.putRow(i, scaled(proposal.row(i), 0.95f));
                    policy.putRow(i, scaled(policy.row(i), 1.02f));
                }
                filter.put(allowed);
                kernels.energy(
                        logTarget, logWeight, logRatio, statistics, base, proposal, policy, phi, lambda, filter, 0.3);
                var results = new ArrayList<Double>();
                for (var vector : List.of(logTarget, logWeight, logRatio, statistics)) {
                    for (double value : vector.toDoubles()) results.add(value);
                }
                return results;
            }
        }
    };

    /** Columns of logits: no multiple of anything. */
    static final int COLUMNS = 1271;

    abstract List<Double> run(Kernels kernels);

    List<Double> expected() {
        return run(new ReferenceKernels());
    }

    static Matrix logits(DataType type, int rows) {
        return logits(type, rows, COLUMNS);
    }

    static Matrix logits(DataType type, int rows, int columns) {
        // Rows start where no vector does.
        return logits(type, rows, columns, 3);
    }

    static Matrix logits(DataType type, int rows, int columns, int gap) {
        var random = new Random(6);
        var matrix = Matrix.allocate(type, rows, columns, columns + gap);
        for (int row = 0; row < rows; row++) matrix.putRow(row, floats(random, columns));
        return matrix;
    }

    static float[] floats(Random random, int count) {
        var values = new float[count];
        for (int i = 0; i < count; i++) values[i] = (float) (2 * random.nextGaussian());
        return values;
    }

    static float[] scaled(float[] values, float by) {
        var scaled = values.clone();
        for (int i = 0; i < values.length; i++) scaled[i] *= by;
        return scaled;
    }

    static List<Double> sample(Kernels kernels, int columns, Truncation truncation) {
        try (var logits = logits(DataType.F32, 6, columns);
                var sequence = Vector.of(1L, 2L, 3L, 1L << 40, 5L, 6L);
                var position = Vector.of(0, 1, 2, 3, 4, 5);
                var token = Vector.i32(6);
                var logProb = Vector.f32(6)) {
            var row = logits.row(4);
            row[columns - 1] = Float.NaN;
            logits.putRow(4, row);
            kernels.sample(token, logProb, logits, sequence, position, 0.8, truncation, 99);
            var results = list(logProb.toFloats());
            for (int value : token.toInts()) results.add((double) value);
            return results;
        }
    }

    /** Which of the sequences of four tokens, the second a word, have a word. */
    static List<Double> matchWords(Kernels kernels, long... starts) {
        var next = new int[WordAutomaton.START + 1][WordAutomaton.SYMBOLS];
        for (int state = 0; state < next.length; state++) Arrays.fill(next[state], state);
        next[WordAutomaton.START][0] = WordAutomaton.FOUND;
        var tokens = new byte[][] {{'a'}, {'b'}};
        try (var automaton = new WordAutomaton(next, new int[] {1, -1, 0}, tokens);
                var token = Vector.of(1, 0, 1, 1);
                var start = Vector.allocate(kernels.memory(), DataType.I64, starts.length);
                var found = Vector.i32(starts.length - 1)) {
            start.put(starts);
            kernels.matchWords(found, token, start, automaton);
            return Arrays.stream(found.toInts()).asDoubleStream().boxed().toList();
        }
    }

    static List<Double> list(float[]... vectors) {
        var list = new ArrayList<Double>();
        for (var vector : vectors) for (float value : vector) list.add((double) value);
        return list;
    }
}
