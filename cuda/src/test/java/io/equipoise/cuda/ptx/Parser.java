package io.equipoise.cuda.ptx;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;

/** Reads PTX as nvcc writes it; what it doesn't know it refuses. */
final class Parser {
    private static final Set<String> LINKING = Set.of(".visible", ".extern", ".weak", ".common");

    private final List<String> lines;
    private final Tokens tokens;
    private final OperandParser operandParser;

    Parser(String ptx) {
        lines = ptx.lines().toList();
        tokens = new Tokens(Lexer.tokens(lines));
        operandParser = new OperandParser(tokens);
    }

    Module module() {
        int target = 0;
        var variables = new ArrayList<Item.Variable>();
        var functions = new LinkedHashMap<String, Module.Function>();
        while (!tokens.peek().text().isEmpty()) {
            while (LINKING.contains(tokens.peek().text())) tokens.take();
            switch (tokens.peek().text()) {
                case ".version" -> {
                    tokens.take();
                    tokens.number();
                }
                case ".target" -> {
                    tokens.take();
                    target = Integer.parseInt(tokens.word().replaceAll("\\D", ""));
                    while (tokens.accept(",")) tokens.word();
                }
                case ".address_size" -> {
                    tokens.take();
                    if (tokens.integer() != 64) throw tokens.unexpected("addresses of 64 bits");
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
                    tokens.expect(";");
                }
            }
        }
        return new Module(lines, target, variables, functions);
    }

    private Module.Function function() {
        int line = tokens.peek().line();
        boolean entry = tokens.take().is(".entry");
        List<Item.Variable> results = tokens.peek().is("(") ? parameters() : List.of();
        var name = tokens.word();
        List<Item.Variable> parameters = tokens.peek().is("(") ? parameters() : List.of();
        int maxThreads = Integer.MAX_VALUE;
        boolean exact = false;
        while (!tokens.peek().is("{") && !tokens.accept(";")) {
            var directive = tokens.take();
            switch (directive.text()) {
                case ".maxntid", ".reqntid" -> {
                    exact = directive.is(".reqntid");
                    maxThreads = 1;
                    do {
                        maxThreads *= Math.toIntExact(tokens.integer());
                    } while (tokens.accept(","));
                }
                case ".minnctapersm", ".maxnreg" -> tokens.integer();
                case ".noreturn" -> {}
                default -> throw Fault.unreadable(directive.line(), "unknown directive " + directive.text());
            }
        }
        var body = tokens.peek().is("{") ? body() : List.<Item>of();
        return new Module.Function(line, name, entry, results, parameters, maxThreads, exact, body);
    }

    private List<Item.Variable> parameters() {
        var parameters = new ArrayList<Item.Variable>();
        tokens.expect("(");
        while (!tokens.accept(")")) {
            parameters.add(variable());
            tokens.accept(",");
        }
        return parameters;
    }

    private Item.Variable variable() {
        var first = tokens.take();
        var space = Space.named(first.text().substring(1))
                .orElseThrow(() -> Fault.unreadable(first.line(), "unknown directive " + first.text()));
        int alignment = 0;
        Type type = Type.PRED;
        while (tokens.peek().text().startsWith(".")) {
            var token = tokens.take();
            switch (token.text()) {
                case ".align" -> alignment = Math.toIntExact(tokens.integer());
                case ".ptr" -> {}
                case ".global", ".shared", ".const", ".local" -> {} // what a pointer parameter points to
                case ".v2", ".v4" -> throw Fault.unreadable(token.line(), "vector variables are not supported");
                default -> type = tokens.type(token);
            }
        }
        if (alignment == 0) alignment = type.bytes();
        var name = tokens.word();
        long count = 1;
        while (tokens.accept("[")) {
            count *= tokens.peek().is("]") ? 0 : tokens.integer();
            tokens.expect("]");
        }
        var values = tokens.accept("=") ? values(type) : new byte[0];
        return new Item.Variable(first.line(), space, type, alignment, name, count * type.bytes(), values);
    }

    private byte[] values(Type type) {
        boolean braces = tokens.accept("{");
        var bytes = new byte[0];
        do {
            var operand = operandParser.parse();
            long bits;
            if (operand instanceof Operand.Int whole) bits = whole.value();
            else if (operand instanceof Operand.Real real) bits = real.bits();
            else throw tokens.unexpected("a number");
            int at = bytes.length;
            bytes = Arrays.copyOf(bytes, at + type.bytes());
            for (int i = 0; i < type.bytes(); i++) bytes[at + i] = (byte) (bits >>> (8 * i));
        } while (braces && tokens.accept(","));
        if (braces) tokens.expect("}");
        return bytes;
    }

    private List<Item> body() {
        var items = new ArrayList<Item>();
        int depth = 0;
        do {
            var token = tokens.peek();
            if (token.text().isEmpty()) throw tokens.unexpected("}");
            if (tokens.accept("{")) {
                depth++;
                items.add(new Item.Scope(token.line(), true));
            } else if (tokens.accept("}")) {
                depth--;
                items.add(new Item.Scope(token.line(), false));
            } else {
                item(items);
            }
        } while (depth > 0);
        return items;
    }

    private void item(List<Item> items) {
        var token = tokens.peek();
        switch (token.text()) {
            case ";" -> tokens.take();
            case ".reg" -> registers(items);
            case ".local", ".shared", ".param" -> {
                items.add(variable());
                tokens.expect(";");
            }
            case ".pragma" -> {
                tokens.take();
                var pragma = tokens.take();
                if (!pragma.text().startsWith("\"nounroll") && !pragma.text().startsWith("\"used_bytes_mask")) {
                    throw Fault.unreadable(pragma.line(), "unknown pragma " + pragma.text());
                }
                tokens.expect(";");
            }
            case ".branchtargets" -> {
                tokens.take();
                var labels = new ArrayList<String>();
                do labels.add(tokens.word());
                while (tokens.accept(","));
                tokens.expect(";");
                items.add(new Item.BranchTargets(token.line(), labels));
            }
            default -> {
                if (tokens.afterNext().is(":")) {
                    items.add(new Item.Label(token.line(), tokens.word()));
                    tokens.expect(":");
                } else {
                    items.add(statement());
                }
            }
        }
    }

    private void registers(List<Item> items) {
        int line = tokens.take().line();
        var type = tokens.type(tokens.take());
        do {
            var name = tokens.word();
            int count = -1;
            if (tokens.accept("<")) {
                count = Math.toIntExact(tokens.integer());
                tokens.expect(">");
            }
            items.add(new Item.Registers(line, type, name, count));
        } while (tokens.accept(","));
        tokens.expect(";");
    }

    private Item.Statement statement() {
        int line = tokens.peek().line();
        var guard = "";
        if (tokens.accept("@")) guard = (tokens.accept("!") ? "!" : "") + tokens.word();
        var words = List.of(tokens.word().split("\\."));
        var operands = new ArrayList<Operand>();
        while (!tokens.accept(";")) {
            operands.add(operandParser.parse());
            if (!tokens.peek().is(";")) tokens.expect(",");
        }
        return new Item.Statement(line, guard, words, operands);
    }
}
