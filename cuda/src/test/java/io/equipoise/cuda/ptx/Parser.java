package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Lexer.Token;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;

/** Reads PTX as nvcc writes it; what it doesn't know it refuses. */
final class Parser {
    private static final Set<String> LINKING = Set.of(".visible", ".extern", ".weak", ".common");

    private final List<String> lines;
    private final List<Token> tokens;
    private int next;

    Parser(String ptx) {
        lines = ptx.lines().toList();
        tokens = Lexer.tokens(lines);
    }

    Module module() {
        int target = 0;
        var variables = new ArrayList<Item.Variable>();
        var functions = new LinkedHashMap<String, Module.Function>();
        while (!peek().text().isEmpty()) {
            while (LINKING.contains(peek().text())) take();
            switch (peek().text()) {
                case ".version" -> {
                    take();
                    number();
                }
                case ".target" -> {
                    take();
                    target = Integer.parseInt(word().replaceAll("\\D", ""));
                    while (accept(",")) word();
                }
                case ".address_size" -> {
                    take();
                    if (integer() != 64) throw unexpected("addresses of 64 bits");
                }
                case ".entry", ".func" -> {
                    var function = function();
                    // A declaration comes before its definition.
                    if (!function.body().isEmpty() || !functions.containsKey(function.name())) {
                        functions.put(function.name(), function);
                    }
                }
                default -> {
                    variables.add(variable());
                    expect(";");
                }
            }
        }
        return new Module(lines, target, variables, functions);
    }

    private Module.Function function() {
        int line = peek().line();
        boolean entry = take().is(".entry");
        List<Item.Variable> results = peek().is("(") ? parameters() : List.of();
        var name = word();
        List<Item.Variable> parameters = peek().is("(") ? parameters() : List.of();
        int maxThreads = Integer.MAX_VALUE;
        boolean exact = false;
        while (!peek().is("{") && !accept(";")) {
            var directive = take();
            switch (directive.text()) {
                case ".maxntid", ".reqntid" -> {
                    exact = directive.is(".reqntid");
                    maxThreads = 1;
                    do {
                        maxThreads *= Math.toIntExact(integer());
                    } while (accept(","));
                }
                case ".minnctapersm", ".maxnreg" -> integer();
                case ".noreturn" -> {}
                default -> throw Fault.unreadable(directive.line(), "unknown directive " + directive.text());
            }
        }
        var body = peek().is("{") ? body() : List.<Item>of();
        return new Module.Function(line, name, entry, results, parameters, maxThreads, exact, body);
    }

    private List<Item.Variable> parameters() {
        var parameters = new ArrayList<Item.Variable>();
        expect("(");
        while (!accept(")")) {
            parameters.add(variable());
            accept(",");
        }
        return parameters;
    }

    private Item.Variable variable() {
        var first = take();
        var space = Space.named(first.text().substring(1))
                .orElseThrow(() -> Fault.unreadable(first.line(), "unknown directive " + first.text()));
        int alignment = 0;
        Type type = Type.PRED;
        while (peek().text().startsWith(".")) {
            var token = take();
            switch (token.text()) {
                case ".align" -> alignment = Math.toIntExact(integer());
                case ".ptr" -> {}
                case ".global", ".shared", ".const", ".local" -> {} // what a pointer parameter points to
                case ".v2", ".v4" -> throw Fault.unreadable(token.line(), "vector variables are not supported");
                default -> type = type(token);
            }
        }
        if (alignment == 0) alignment = type.bytes();
        var name = word();
        long count = 1;
        while (accept("[")) {
            count *= peek().is("]") ? 0 : integer();
            expect("]");
        }
        var values = accept("=") ? values(type) : new byte[0];
        return new Item.Variable(first.line(), space, type, alignment, name, count * type.bytes(), values);
    }

    private byte[] values(Type type) {
        boolean braces = accept("{");
        var bytes = new byte[0];
        do {
            var operand = operand();
            long bits;
            if (operand instanceof Operand.Int whole) bits = whole.value();
            else if (operand instanceof Operand.Real real) bits = real.bits();
            else throw unexpected("a number");
            int at = bytes.length;
            bytes = Arrays.copyOf(bytes, at + type.bytes());
            for (int i = 0; i < type.bytes(); i++) bytes[at + i] = (byte) (bits >>> (8 * i));
        } while (braces && accept(","));
        if (braces) expect("}");
        return bytes;
    }

    private List<Item> body() {
        var items = new ArrayList<Item>();
        int depth = 0;
        do {
            var token = peek();
            if (token.text().isEmpty()) throw unexpected("}");
            if (accept("{")) {
                depth++;
                items.add(new Item.Scope(token.line(), true));
            } else if (accept("}")) {
                depth--;
                items.add(new Item.Scope(token.line(), false));
            } else {
                item(items);
            }
        } while (depth > 0);
        return items;
    }

    private void item(List<Item> items) {
        var token = peek();
        switch (token.text()) {
            case ";" -> take();
            case ".reg" -> registers(items);
            case ".local", ".shared", ".param" -> {
                items.add(variable());
                expect(";");
            }
            case ".pragma" -> {
                take();
                var pragma = take();
                if (!pragma.text().startsWith("\"nounroll") && !pragma.text().startsWith("\"used_bytes_mask")) {
                    throw Fault.unreadable(pragma.line(), "unknown pragma " + pragma.text());
                }
                expect(";");
            }
            case ".branchtargets" -> {
                take();
                var labels = new ArrayList<String>();
                do labels.add(word());
                while (accept(","));
                expect(";");
                items.add(new Item.BranchTargets(token.line(), labels));
            }
            default -> {
                if (tokens.get(next + 1).is(":")) {
                    items.add(new Item.Label(token.line(), word()));
                    expect(":");
                } else {
                    items.add(statement());
                }
            }
        }
    }

    private void registers(List<Item> items) {
        int line = take().line();
        var type = type(take());
        do {
            var name = word();
            int count = -1;
            if (accept("<")) {
                count = Math.toIntExact(integer());
                expect(">");
            }
            items.add(new Item.Registers(line, type, name, count));
        } while (accept(","));
        expect(";");
    }

    private Item.Statement statement() {
        int line = peek().line();
        var guard = "";
        if (accept("@")) guard = (accept("!") ? "!" : "") + word();
        var words = List.of(word().split("\\."));
        var operands = new ArrayList<Operand>();
        while (!accept(";")) {
            operands.add(operand());
            if (!peek().is(";")) expect(",");
        }
        return new Item.Statement(line, guard, words, operands);
    }

    private Operand operand() {
        var operand = single();
        return accept("|") ? new Operand.Pair(operand, single()) : operand;
    }

    private Operand single() {
        if (accept("!")) return new Operand.Not(word());
        if (accept("{")) return tuple("}");
        if (accept("(")) return tuple(")");
        if (accept("[")) {
            Operand base = peek().isWord() ? new Operand.Name(word(), 0) : new Operand.Int(0);
            long offset = offset();
            expect("]");
            return new Operand.Address(base, offset);
        }
        if (peek().isWord()) {
            var name = word();
            return new Operand.Name(name, peek().is("+") ? offset() : 0);
        }
        var text = peek().text();
        if (text.length() > 2 && (text.startsWith("0f") || text.startsWith("0F"))) {
            return new Operand.Real(Long.parseUnsignedLong(take().text().substring(2), 16), false);
        }
        if (text.length() > 2 && (text.startsWith("0d") || text.startsWith("0D"))) {
            return new Operand.Real(Long.parseUnsignedLong(take().text().substring(2), 16), true);
        }
        return new Operand.Int(integer());
    }

    private Operand tuple(String end) {
        var elements = new ArrayList<Operand>();
        while (!accept(end)) {
            elements.add(operand());
            accept(",");
        }
        return new Operand.Tuple(elements);
    }

    /** {@code +4}, {@code +-4}, {@code -4} or a plain number, as an address has it. */
    private long offset() {
        long sum = 0;
        while (peek().is("+") || peek().is("-") || peek().isNumber()) {
            accept("+");
            sum += integer();
        }
        return sum;
    }

    private long integer() {
        boolean negative = accept("-");
        var token = take();
        var text = token.text().replaceAll("U$", "");
        try {
            long value;
            if (text.startsWith("0x") || text.startsWith("0X")) value = Long.parseUnsignedLong(text.substring(2), 16);
            else if (text.startsWith("0b")) value = Long.parseUnsignedLong(text.substring(2), 2);
            else if (text.length() > 1 && text.startsWith("0")) value = Long.parseUnsignedLong(text, 8);
            else value = Long.parseUnsignedLong(text);
            return negative ? -value : value;
        } catch (NumberFormatException e) {
            throw Fault.unreadable(token.line(), "expected a number, got " + token.text());
        }
    }

    private void number() {
        if (!take().isNumber()) throw unexpected("a number");
        if (peek().text().startsWith(".") && Character.isDigit(peek().text().charAt(1))) take();
    }

    private Type type(Token token) {
        return Type.named(token.text().substring(1))
                .orElseThrow(() -> Fault.unreadable(token.line(), "unknown type " + token.text()));
    }

    private String word() {
        if (!peek().isWord()) throw unexpected("a name");
        return take().text();
    }

    private Token peek() {
        return tokens.get(next);
    }

    private Token take() {
        return tokens.get(next++);
    }

    private boolean accept(String text) {
        if (!peek().is(text)) return false;
        next++;
        return true;
    }

    private void expect(String text) {
        if (!accept(text)) throw unexpected("'" + text + "'");
    }

    private Fault unexpected(String wanted) {
        return Fault.unreadable(peek().line(), "expected " + wanted + ", got '" + peek().text() + "'");
    }
}
