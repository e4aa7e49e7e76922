package io.equipoise.cuda.ptx;

import java.util.ArrayList;

/** Reads an instruction's operands and a variable's values. */
final class OperandParser {
    private final Tokens tokens;

    OperandParser(Tokens tokens) {
        this.tokens = tokens;
    }

    /** One of an instruction, or a value. */
    Operand parse() {
        var operand = single();
        return tokens.accept("|") ? new Operand.Pair(operand, single()) : operand;
    }

    private Operand single() {
        if (tokens.accept("!")) return new Operand.Not(tokens.word());
        if (tokens.accept("{")) return tuple("}");
        if (tokens.accept("(")) return tuple(")");
        if (tokens.accept("[")) {
            Operand base = tokens.peek().isWord() ? new Operand.Name(tokens.word(), 0) : new Operand.Int(0);
            long offset = offset();
            tokens.expect("]");
            return new Operand.Address(base, offset);
        }
        if (tokens.peek().isWord()) {
            var name = tokens.word();
            return new Operand.Name(name, tokens.peek().is("+") ? offset() : 0);
        }
        var text = tokens.peek().text();
        if (text.length() > 2 && (text.startsWith("0f") || text.startsWith("0F"))) {
            return new Operand.Real(Long.parseUnsignedLong(tokens.take().text().substring(2), 16), false);
        }
        if (text.length() > 2 && (text.startsWith("0d") || text.startsWith("0D"))) {
            return new Operand.Real(Long.parseUnsignedLong(tokens.take().text().substring(2), 16), true);
        }
        return new Operand.Int(tokens.integer());
    }

    private Operand tuple(String end) {
        var elements = new ArrayList<Operand>();
        while (!tokens.accept(end)) {
            elements.add(parse());
            tokens.accept(",");
        }
        return new Operand.Tuple(elements);
    }

    /** {@code +4}, {@code +-4}, {@code -4} or a plain number, as an address has it. */
    private long offset() {
        long sum = 0;
        while (tokens.peek().is("+") || tokens.peek().is("-") || tokens.peek().isNumber()) {
            tokens.accept("+");
            sum += tokens.integer();
        }
        return sum;
    }
}
