package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Instruction.Action;
import io.equipoise.cuda.ptx.Instruction.Ternary;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/** A statement while it is decoded: each modifier is taken once, and one that nobody takes is an error. */
final class Operation {
    private final Decoder decoder;
    private final Item.Statement statement;
    private final List<String> words;

    Operation(Decoder decoder, Item.Statement statement) {
        this.decoder = decoder;
        this.statement = statement;
        words = new ArrayList<>(statement.words().subList(1, statement.words().size()));
    }

    /** Whether the modifier is there; it counts as known from now on. */
    boolean take(String word) {
        return words.remove(word);
    }

    /** Those of the words that are there, and their order doesn't matter. */
    Optional<String> takeAny(String... choices) {
        for (var choice : choices) {
            if (take(choice)) return Optional.of(choice);
        }
        return Optional.empty();
    }

    boolean has(String word) {
        return words.contains(word);
    }

    /** The first type among the modifiers left. */
    Type type() {
        return typeIfAny().orElseThrow(() -> fail("no type"));
    }

    Optional<Type> typeIfAny() {
        for (int i = 0; i < words.size(); i++) {
            var type = Type.named(words.get(i));
            if (type.isPresent()) {
                words.remove(i);
                return type;
            }
        }
        return Optional.empty();
    }

    Space space() {
        for (int i = 0; i < words.size(); i++) {
            var space = Space.named(words.get(i));
            if (space.isPresent()) {
                words.remove(i);
                return space.get();
            }
        }
        return Space.GENERIC;
    }

    Rounding rounding() {
        return roundingIfAny().orElseThrow(() -> fail("no rounding"));
    }

    Rounding rounding(Rounding otherwise) {
        return roundingIfAny().orElse(otherwise);
    }

    private Optional<Rounding> roundingIfAny() {
        return takeAny("rn", "rz", "rm", "rp").map(word -> switch (word) {
            case "rn" -> Rounding.NEAREST;
            case "rz" -> Rounding.ZERO;
            case "rm" -> Rounding.DOWN;
            default -> Rounding.UP;
        });
    }

    /** Refuses what was not taken. */
    void finish() {
        if (!words.isEmpty()) throw fail("unknown modifier ." + words.get(0));
    }

    Fault fail(String what) {
        return Fault.unreadable(statement.line(), what + ": " + decoder.module().line(statement.line()));
    }

    int line() {
        return statement.line();
    }

    Decoder decoder() {
        return decoder;
    }

    int operands() {
        return statement.operands().size();
    }

    Operand operand(int i) {
        if (i >= operands()) throw fail("too few operands");
        return statement.operands().get(i);
    }

    /** Says how many operands there are. */
    void expect(int count) {
        if (operands() != count) throw fail("expected " + count + " operands, got " + operands());
    }

    /** Where a source of this width is. */
    int source(int i, Type type) {
        return source(operand(i), type);
    }

    int source(Operand operand, Type type) {
        if (operand instanceof Operand.Int whole) return decoder.registers().constant(whole.value() & type.mask());
        if (operand instanceof Operand.Real real) {
            if (real.wide() != (type.bits == 64) || type.bits < 32) throw fail("constant of another width");
            return decoder.registers().constant(real.bits());
        }
        if (operand instanceof Operand.Name name) {
            var symbol = decoder.symbol(name);
            if (symbol.isPresent()) return decoder.registers().constant(symbol.getAsLong() & type.mask());
            var place = decoder.value(name).orElseThrow(() -> fail("unknown operand " + name.name()));
            if (place.type().bits != type.bits) throw fail(name.name() + " is not of " + type.bits + " bits");
            return place.at();
        }
        throw fail("unknown operand " + operand);
    }

    /** Where a source is whose register may be wider than what is used of it. */
    Registers.Place wide(Operand operand, Type type) {
        if (operand instanceof Operand.Name name) {
            var place = decoder.value(name).orElseThrow(() -> fail("unknown operand " + name.name()));
            if (place.type().bits < type.bits) throw fail(name.name() + " has fewer than " + type.bits + " bits");
            return place;
        }
        return new Registers.Place(type, source(operand, type));
    }

    /** Where a result of this width goes; {@code _} is nowhere. */
    int target(int i, Type type) {
        return target(operand(i), type);
    }

    int target(Operand operand, Type type) {
        var place = wideTarget(operand, type);
        if (place.type().bits != type.bits) throw fail(operand + " is not of " + type.bits + " bits");
        return place.at();
    }

    Registers.Place wideTarget(Operand operand, Type type) {
        if (!(operand instanceof Operand.Name name)) throw fail("not a register: " + operand);
        if (name.name().equals("_"))
            return new Registers.Place(type, decoder.registers().special("_"));
        var place = decoder.registers().find(name.name()).orElseThrow(() -> fail("unknown register " + name.name()));
        if (place.type() == Type.PRED || place.type().bits < type.bits) {
            throw fail(name.name() + " has fewer than " + type.bits + " bits");
        }
        return place;
    }

    /** A predicate that is read. */
    Predicate predicate(Operand operand) {
        if (operand instanceof Operand.Int whole) return new Predicate(-1, whole.value() == 0);
        if (operand instanceof Operand.Not not) return new Predicate(predicatePlace(not.name()), true);
        if (operand instanceof Operand.Name name) return new Predicate(predicatePlace(name.name()), false);
        throw fail("not a predicate: " + operand);
    }

    /** Where a predicate is written; −1 for {@code _}. */
    int predicateTarget(Operand operand) {
        if (!(operand instanceof Operand.Name name)) throw fail("not a predicate: " + operand);
        return name.name().equals("_") ? -1 : predicatePlace(name.name());
    }

    private int predicatePlace(String name) {
        var place = decoder.registers().find(name).orElseThrow(() -> fail("unknown predicate " + name));
        if (place.type() != Type.PRED) throw fail(name + " is not a predicate");
        return place.at();
    }

    Action unary(Type type, LongUnaryOperator f) {
        expect(2);
        return Actions.unary(target(0, type), source(1, type), f);
    }

    Action binary(Type type, LongBinaryOperator f) {
        expect(3);
        return Actions.binary(target(0, type), source(1, type), source(2, type), f);
    }

    Action ternary(Type type, Ternary f) {
        expect(4);
        return Actions.ternary(target(0, type), source(1, type), source(2, type), source(3, type), f);
    }
}
