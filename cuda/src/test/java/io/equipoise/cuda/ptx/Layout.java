package io.equipoise.cuda.ptx;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Variables one after the other, with bytes between them that belong to none where that is asked for. */
final class Layout {
    private final int gap;
    private final Map<Item.Variable, Integer> offsets = new LinkedHashMap<>();
    private int end;

    /**
     * @param base address of the first byte
     * @param gap between variables, so that running past one is noticed
     */
    Layout(int base, int gap) {
        this.gap = gap;
        end = base;
    }

    /** The address of a variable, which gets its place when it is asked for first. */
    int address(Item.Variable variable) {
        return offsets.computeIfAbsent(variable, v -> {
            int address = align(end + (offsets.isEmpty() ? 0 : gap), v.alignment());
            end = address + Math.toIntExact(v.bytes());
            return address;
        });
    }

    Optional<Item.Variable> named(String name) {
        return offsets.keySet().stream()
                .filter(variable -> variable.name().equals(name))
                .findFirst();
    }

    /** Variables with their addresses. */
    Map<Item.Variable, Integer> offsets() {
        return offsets;
    }

    int end() {
        return end;
    }

    static int align(int address, int alignment) {
        return (address + alignment - 1) / alignment * alignment;
    }
}
