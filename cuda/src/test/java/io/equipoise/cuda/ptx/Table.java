package io.equipoise.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/** Compares an instruction with an oracle in Java over {@link Values}. */
final class Table {
    private Table() {}

    /** @param types those of %d and %a, as registers have them */
    static void unary(String instruction, String types, LongUnaryOperator oracle) {
        long[] a = Values.of(type(types, 1));
        long[] actual = Snippet.evaluate(instruction, types, a);
        for (int i = 0; i < a.length; i++) {
            long expected = oracle.applyAsLong(a[i]) & type(types, 0).mask();
            assertThat(Long.toHexString(actual[i]))
                    .as("%s of %x", instruction, a[i])
                    .isEqualTo(Long.toHexString(expected));
        }
    }

    /** @param types those of %d, %a and %b */
    static void binary(String instruction, String types, LongBinaryOperator oracle) {
        long[] x = Values.of(type(types, 1));
        long[] y = Values.of(type(types, 2));
        var a = new long[x.length * y.length];
        var b = a.clone();
        Arrays.setAll(a, i -> x[i / y.length]);
        Arrays.setAll(b, i -> y[i % y.length]);
        long[] actual = Snippet.evaluate(instruction, types, a, b);
        for (int i = 0; i < a.length; i++) {
            long expected = oracle.applyAsLong(a[i], b[i]) & type(types, 0).mask();
            assertThat(Long.toHexString(actual[i]))
                    .as("%s of %x, %x", instruction, a[i], b[i])
                    .isEqualTo(Long.toHexString(expected));
        }
    }

    /** The third operand goes through its values beside the pairs of the first two. */
    static void ternary(String instruction, String types, Instruction.Ternary oracle) {
        long[] x = Values.of(type(types, 1));
        long[] y = Values.of(type(types, 2));
        long[] z = Values.of(type(types, 3));
        for (int shift = 0; shift < z.length; shift++) {
            var a = new long[x.length * y.length];
            var b = a.clone();
            var c = a.clone();
            int by = shift;
            Arrays.setAll(a, i -> x[i / y.length]);
            Arrays.setAll(b, i -> y[i % y.length]);
            Arrays.setAll(c, i -> z[(i + by) % z.length]);
            long[] actual = Snippet.evaluate(instruction, types, a, b, c);
            for (int i = 0; i < a.length; i++) {
                long expected = oracle.apply(a[i], b[i], c[i]) & type(types, 0).mask();
                assertThat(Long.toHexString(actual[i]))
                        .as("%s of %x, %x, %x", instruction, a[i], b[i], c[i])
                        .isEqualTo(Long.toHexString(expected));
            }
        }
    }

    private static Type type(String types, int i) {
        return Type.named(types.split(" ")[i]).orElseThrow();
    }
}
