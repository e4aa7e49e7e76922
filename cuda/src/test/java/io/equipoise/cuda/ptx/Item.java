package io.equipoise.cuda.ptx;

import java.util.List;

/** What a function's body is a sequence of. */
sealed interface Item {
    /** Its line in the PTX, from 1. */
    int line();

    /**
     * An instruction.
     *
     * @param guard {@code %p1}, {@code !%p1} or empty
     * @param words the opcode and its modifiers
     */
    record Statement(int line, String guard, List<String> words, List<Operand> operands) implements Item {}

    record Label(int line, String name) implements Item {}

    /** Registers of one name, or when {@code count ≥ 0} that many, numbered from 0. */
    record Registers(int line, Type type, String name, int count) implements Item {}

    /** {@code .branchtargets} under the label before it. */
    record BranchTargets(int line, List<String> labels) implements Item {}

    /** A scope begins or ends. */
    record Scope(int line, boolean begins) implements Item {}

    /**
     * A variable or parameter.
     *
     * @param bytes its size; 0 where the declaration leaves it open, as of dynamic shared memory
     * @param values its first bytes; the rest is zero where anything is given
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Variable(int line, Space space, Type type, int alignment, String name, long bytes, byte[] values)
            implements Item {}
}
