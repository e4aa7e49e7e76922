package io.equipoise.kernels;

import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;

/** The checks every implementation makes before it touches memory. */
public final class Shapes {
    private Shapes() {}

    public static void sample(
            Vector token, Vector logProb, Matrix logits, Vector sequence, Vector position, double temperature) {
        is("sample", "token", token, DataType.I32, logits.rows());
        is("sample", "logProb", logProb, DataType.F32, logits.rows());
        is("sample", "sequence", sequence, DataType.I64, logits.rows());
        is("sample", "position", position, DataType.I32, logits.rows());
        temperature("sample", temperature);
        vocabulary("sample", logits.columns());
    }

    public static void tokenLogProb(
            Vector logProb, Vector logSumExp, Vector entropy, Matrix logits, Vector token, double temperature) {
        is("tokenLogProb", "logProb", logProb, DataType.F32, logits.rows());
        is("tokenLogProb", "logSumExp", logSumExp, DataType.F32, logits.rows());
        is("tokenLogProb", "entropy", entropy, DataType.F32, logits.rows());
        is("tokenLogProb", "token", token, DataType.I32, logits.rows());
        temperature("tokenLogProb", temperature);
        vocabulary("tokenLogProb", logits.columns());
    }

    public static void energy(
            Vector logTarget,
            Vector logWeight,
            Vector logRatio,
            Vector statistics,
            Matrix base,
            Matrix proposal,
            Matrix policy,
            Matrix phi,
            Vector lambda,
            Vector filter) {
        long sequences = base.rows();
        is("energy", "logTarget", logTarget, DataType.F64, sequences);
        is("energy", "logWeight", logWeight, DataType.F64, sequences);
        is("energy", "logRatio", logRatio, DataType.F64, sequences);
        is("energy", "statistics", statistics, DataType.F64, EnergyStatistics.SIZE);
        is("energy", "base", base, DataType.F32, sequences, base.columns());
        is("energy", "proposal", proposal, DataType.F32, sequences, base.columns());
        is("energy", "policy", policy, DataType.F32, sequences, base.columns());
        is("energy", "phi", phi, DataType.F64, sequences, lambda.size());
        is("energy", "lambda", lambda, DataType.F64, lambda.size());
        is("energy", "filter", filter, DataType.I32, sequences);
    }

    public static void coefficient(Vector coefficient, Vector logTarget, Vector logProposal, Vector logPolicy) {
        is("coefficient", "coefficient", coefficient, DataType.F64, coefficient.size());
        is("coefficient", "logTarget", logTarget, DataType.F64, coefficient.size());
        is("coefficient", "logProposal", logProposal, DataType.F64, coefficient.size());
        is("coefficient", "logPolicy", logPolicy, DataType.F64, coefficient.size());
    }

    public static void gradient(Matrix logits, Vector logSumExp, Vector token, Vector coefficient) {
        is("gradient", "logSumExp", logSumExp, DataType.F32, logits.rows());
        is("gradient", "token", token, DataType.I32, logits.rows());
        is("gradient", "coefficient", coefficient, DataType.F32, logits.rows());
        vocabulary("gradient", logits.columns());
    }

    public static void adam(Vector parameter, Vector firstMoment, Vector secondMoment, Vector gradient) {
        is("adam", "parameter", parameter, DataType.F32, parameter.size());
        is("adam", "firstMoment", firstMoment, DataType.F32, parameter.size());
        is("adam", "secondMoment", secondMoment, DataType.F32, parameter.size());
        is("adam", "gradient", gradient, DataType.F32, parameter.size());
    }

    public static void matchWords(Vector found, Vector token, Vector start) {
        is("matchWords", "found", found, DataType.I32, found.size());
        is("matchWords", "token", token, DataType.I32, token.size());
        is("matchWords", "start", start, DataType.I64, found.size() + 1);
    }

    /** The part of {@link #matchWords}'s check that reads a vector: where sequences start among {@code size} tokens. */
    public static void starts(long[] start, long size) {
        long least = 0;
        for (int i = 0; i < start.length; i++) {
            if (start[i] < least || start[i] > size) {
                throw new KernelException(
                        "matchWords: start " + i + " is " + start[i] + ", wanted " + least + " to " + size);
            }
            least = start[i];
        }
    }

    static void is(String operation, String name, Vector vector, DataType type, long size) {
        if (vector.type() != type || vector.size() != size) {
            throw new KernelException(operation + ": " + name + " is " + vector.type() + " of " + vector.size()
                    + ", wanted " + type + " of " + size);
        }
    }

    private static void is(String operation, String name, Matrix matrix, DataType type, long rows, long columns) {
        if (matrix.type() != type || matrix.rows() != rows || matrix.columns() != columns) {
            throw new KernelException(operation + ": " + name + " is " + matrix.type() + " of " + matrix.rows() + " by "
                    + matrix.columns() + ", wanted " + type + " of " + rows + " by " + columns);
        }
    }

    static void temperature(String operation, double temperature) {
        if (!(temperature > 0)) {
            throw new KernelException(operation + ": temperature must be > 0, got " + temperature);
        }
    }

    static void vocabulary(String operation, long columns) {
        if (columns < 1 || columns > Integer.MAX_VALUE) {
            throw new KernelException(operation + ": vocabulary must be 1 to 2^31 - 1 columns, got " + columns);
        }
    }
}
