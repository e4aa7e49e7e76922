package io.equipoise.benchmarks;

import io.equipoise.memory.DataType;
import java.util.Map;

/**
 * What an operation must move and compute, whoever does it: what an implementation moves beyond that lowers its figures.
 *
 * @param bytes read and written once each
 * @param flop floating-point operations of matrix products; 0 where memory is the bound
 * @param bound which of {@link MachineBenchmark}'s methods measures what bounds it
 */
record Work(double bytes, double flop, String bound) {
    /** Reads only. */
    static Work reads(double bytes) {
        return new Work(bytes, 0, "read");
    }

    /** Reads and writes. */
    static Work moves(double bytes) {
        return new Work(bytes, 0, "triad");
    }

    /** Matrix products of a type. */
    static Work multiplies(double flop, DataType type) {
        return new Work(0, flop, type == DataType.F32 ? "matmulF32" : "matmulBf16");
    }

    /** Bytes of a benchmark's (rows, vocabulary) logits. */
    static double logits(Map<String, String> parameters) {
        return number(parameters, "rows")
                * number(parameters, "vocabulary")
                * type(parameters).bytes();
    }

    static double number(Map<String, String> parameters, String name) {
        return Double.parseDouble(text(parameters, name));
    }

    static DataType type(Map<String, String> parameters) {
        return DataType.valueOf(text(parameters, "type"));
    }

    private static String text(Map<String, String> parameters, String name) {
        var value = parameters.get(name);
        if (value == null) throw new IllegalArgumentException("no parameter " + name + " among " + parameters);
        return value;
    }
}
