package io.equipoise.cuda.ptx;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Where registers, constants and special registers are in a warp's file. A register takes 32 entries, one a lane; its place
 * is the first. Predicates are masks in a file of their own.
 */
final class Registers {
    /** A declared name: one register, or numbered ones. */
    private record Declaration(Type type, boolean numbered, int count) {}

    /** Where a register is, and its type. */
    record Place(Type type, int at) {}

    private static final class Scope {
        final Map<String, Declaration> declared = new HashMap<>();
        final Map<String, Place> places = new HashMap<>();
        final Map<String, Item.Variable> variables = new HashMap<>();
    }

    private final Deque<Scope> scopes = new ArrayDeque<>();
    private final Map<Long, Integer> constants = new LinkedHashMap<>();
    private final Map<String, Integer> specials = new LinkedHashMap<>();
    private int values;
    private int predicates;

    void open() {
        scopes.push(new Scope());
    }

    void close() {
        scopes.pop();
    }

    void declare(Item.Registers registers) {
        var declaration = new Declaration(registers.type(), registers.count() >= 0, registers.count());
        if (scopes.element().declared.put(registers.name(), declaration) != null) {
            throw Fault.unreadable(registers.line(), "register " + registers.name() + " is declared twice");
        }
    }

    void declare(Item.Variable variable) {
        scopes.element().variables.put(variable.name(), variable);
    }

    /** Lets a parameter of a function be a variable of its caller. */
    void alias(String name, Item.Variable variable) {
        scopes.element().variables.put(name, variable);
    }

    Optional<Item.Variable> variable(String name) {
        return scopes.stream()
                .flatMap(scope -> Optional.ofNullable(scope.variables.get(name)).stream())
                .findFirst();
    }

    /** Where the register of this name is, if it is one. */
    Optional<Place> find(String name) {
        int digits = name.length();
        while (digits > 0 && Character.isDigit(name.charAt(digits - 1))) digits--;
        for (var scope : scopes) {
            var place = scope.places.get(name);
            if (place != null) return Optional.of(place);
            var declared = scope.declared.get(name);
            if (declared == null || declared.numbered) {
                declared = scope.declared.get(name.substring(0, digits));
                if (declared == null || !declared.numbered || digits == name.length()) continue;
                if (Integer.parseInt(name.substring(digits)) >= declared.count) continue;
            }
            place = new Place(declared.type, declared.type == Type.PRED ? predicates++ : next());
            scope.places.put(name, place);
            return Optional.of(place);
        }
        return Optional.empty();
    }

    /** Where every lane finds these bits. */
    int constant(long bits) {
        return constants.computeIfAbsent(bits, b -> next());
    }

    /** Where every lane finds a special register's value. */
    int special(String name) {
        return specials.computeIfAbsent(name, n -> next());
    }

    private int next() {
        return values++ * 32;
    }

    Map<Long, Integer> constants() {
        return constants;
    }

    Map<String, Integer> specials() {
        return specials;
    }

    int values() {
        return values;
    }

    int predicates() {
        return predicates;
    }
}
