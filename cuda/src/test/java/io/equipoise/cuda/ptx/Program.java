package io.equipoise.cuda.ptx;

import java.util.List;
import java.util.Map;

/**
 * A kernel, ready to be executed.
 *
 * @param code its instructions, those of the functions it calls among them
 * @param values registers, constants included
 * @param constants places of constants by their bits
 * @param specials places of special registers by name
 * @param localBytes local memory of a thread
 * @param shared its shared memory
 * @param parameters places and types of the arguments
 */
record Program(
        Module.Function function,
        Module module,
        List<Instruction> code,
        int values,
        int predicates,
        Map<Long, Integer> constants,
        Map<String, Integer> specials,
        int localBytes,
        Layout shared,
        Layout parameters) {
    String name() {
        return function.name();
    }
}
