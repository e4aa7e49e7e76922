package io.equipoise.cuda.ptx;

import java.util.List;

/** An operand as it is written. */
sealed interface Operand {
    /** A register, variable, label or function; {@code offset} only with variables. */
    record Name(String name, long offset) implements Operand {}

    /** {@code !%p1} */
    record Not(String name) implements Operand {}

    /** An integer. */
    record Int(long value) implements Operand {}

    /** {@code 0f3F800000} or {@code 0d3FF0000000000000}. */
    record Real(long bits, boolean wide) implements Operand {}

    /** {@code [base + offset]} */
    record Address(Operand base, long offset) implements Operand {}

    /** <code>{a, b}</code>, or the arguments of a call. */
    record Tuple(List<Operand> elements) implements Operand {}

    /** {@code a|b} */
    record Pair(Operand first, Operand second) implements Operand {}
}
