package io.equipoise.cuda.ptx;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Makes a kernel's text a {@link Program}. Functions it calls become parts of it, once for each call. */
final class Decoder {
    private static final Set<String> SPECIALS = Set.of(
            "%tid.x",
            "%tid.y",
            "%tid.z",
            "%ntid.x",
            "%ntid.y",
            "%ntid.z",
            "%ctaid.x",
            "%ctaid.y",
            "%ctaid.z",
            "%nctaid.x",
            "%nctaid.y",
            "%nctaid.z",
            "%laneid",
            "%warpid",
            "%nwarpid",
            "%lanemask_eq",
            "%lanemask_lt",
            "%lanemask_le",
            "%lanemask_gt",
            "%lanemask_ge");

    /** More than any library function nests; a recursion would not end. */
    private static final int DEEPEST = 16;

    /** Where a branch goes, once that is known. */
    static final class Label {
        private int at = -1;

        int at() {
            return at;
        }
    }

    /** A function while it is decoded. */
    private record Frame(Map<String, Label> labels, Map<String, List<String>> targets, Optional<Label> end) {}

    private final Module module;
    private final Map<String, Long> globals;
    private final Registers registers = new Registers();
    private final Layout local = new Layout(0, 0);
    private final Layout shared = new Layout(Block.SHARED_BASE, 32);
    private final Layout parameters = new Layout(0, 0);
    private final List<Instruction> code = new ArrayList<>();
    private final Deque<Frame> frames = new ArrayDeque<>();

    private Decoder(Module module, Map<String, Long> globals) {
        this.module = module;
        this.globals = globals;
    }

    /**
     * Decodes a kernel.
     *
     * @param globals addresses of the module's variables in global and constant memory
     */
    static Program decode(Module module, String name, Map<String, Long> globals) {
        var function = module.functions().get(name);
        if (function == null || !function.entry()) throw new Fault("no kernel " + name + " in this PTX");
        return new Decoder(module, globals).program(function);
    }

    private Program program(Module.Function function) {
        function.parameters().forEach(parameters::address);
        body(function, Optional.empty(), Map.of());
        // A kernel that ends without ret.
        code.add(new Instruction(function.line(), -1, false, true, ControlFlow.leave()));
        return new Program(
                function,
                module,
                List.copyOf(code),
                registers.values(),
                registers.predicates(),
                registers.constants(),
                registers.specials(),
                local.end(),
                shared,
                parameters);
    }

    private void body(Module.Function function, Optional<Label> end, Map<String, Item.Variable> arguments) {
        if (frames.size() == DEEPEST)
            throw Fault.unreadable(function.line(), "calls nest too deep: " + function.name());
        if (function.body().isEmpty()) throw Fault.unreadable(function.line(), "no body of " + function.name());
        registers.open();
        arguments.forEach(registers::alias);
        frames.push(new Frame(new HashMap<>(), targets(function), end));
        for (var item : function.body()) {
            if (item instanceof Item.Scope scope) {
                if (scope.begins()) registers.open();
                else registers.close();
            } else if (item instanceof Item.Registers declared) {
                registers.declare(declared);
            } else if (item instanceof Item.Variable variable) {
                registers.declare(variable);
                if (variable.space() != Space.SHARED) local.address(variable);
            } else if (item instanceof Item.Label label) {
                var here = label(label.name());
                if (here.at >= 0) throw Fault.unreadable(label.line(), "label " + label.name() + " is there twice");
                here.at = code.size();
            } else if (item instanceof Item.Statement statement) {
                statement(statement);
            }
        }
        frames.element().labels().forEach((name, label) -> {
            if (label.at < 0) throw Fault.unreadable(function.line(), "no label " + name + " in " + function.name());
        });
        frames.pop();
        registers.close();
    }

    /** Lists of labels by the label before them. */
    private static Map<String, List<String>> targets(Module.Function function) {
        var targets = new HashMap<String, List<String>>();
        var last = "";
        for (var item : function.body()) {
            if (item instanceof Item.Label label) last = label.name();
            if (item instanceof Item.BranchTargets branch) targets.put(last, branch.labels());
        }
        return targets;
    }

    private void statement(Item.Statement statement) {
        boolean negated = statement.guard().startsWith("!");
        int guard = statement.guard().isEmpty()
                ? -1
                : new Operation(this, statement)
                        .predicateTarget(new Operand.Name(statement.guard().substring(negated ? 1 : 0), 0));
        switch (statement.words().get(0)) {
            case "call" -> call(statement, guard, negated);
            // Hints that change no result.
            case "prefetch", "prefetchu", "applypriority", "discard", "nanosleep", "pmevent" -> {}
            default -> code.add(Opcodes.decode(this, statement, guard, negated));
        }
    }

    /** {@code call (result), function, (arguments)}, both lists being optional. */
    private void call(Item.Statement statement, int guard, boolean negated) {
        var operands = new ArrayList<>(statement.operands());
        var operation = new Operation(this, statement);
        var actual = new ArrayList<Operand>();
        if (operands.get(0) instanceof Operand.Tuple results) {
            actual.addAll(results.elements());
            operands.remove(0);
        }
        if (!(operands.remove(0) instanceof Operand.Name name)) throw operation.fail("calls are direct");
        if (!operands.isEmpty() && operands.remove(0) instanceof Operand.Tuple given) actual.addAll(given.elements());
        var function = module.functions().get(name.name());
        if (function == null || !operands.isEmpty()) throw operation.fail("unknown function " + name.name());
        var formal = new ArrayList<>(function.results());
        formal.addAll(function.parameters());
        if (formal.size() != actual.size()) throw operation.fail("expected " + formal.size() + " arguments");
        var arguments = new HashMap<String, Item.Variable>();
        for (int i = 0; i < formal.size(); i++) {
            if (!(actual.get(i) instanceof Operand.Name argument)) throw operation.fail("arguments are variables");
            arguments.put(
                    formal.get(i).name(),
                    registers.variable(argument.name()).orElseThrow(() -> operation.fail("unknown argument")));
        }
        var end = new Label();
        if (guard >= 0) {
            Instruction.Action skip = (warp, lanes) -> warp.branch(end.at(), lanes);
            code.add(new Instruction(statement.line(), guard, !negated, true, skip));
        }
        body(function, Optional.of(end), arguments);
        end.at = code.size();
    }

    Module module() {
        return module;
    }

    Registers registers() {
        return registers;
    }

    /** Where a return goes to in a function that was called. */
    Optional<Label> end() {
        return frames.element().end();
    }

    private Label label(String name) {
        return frames.element().labels().computeIfAbsent(name, n -> new Label());
    }

    Label label(Operation o, Operand operand) {
        if (!(operand instanceof Operand.Name name)) throw o.fail("not a label");
        return label(name.name());
    }

    List<Label> targets(Operation o, Operand operand) {
        if (!(operand instanceof Operand.Name name)) throw o.fail("not a list of labels");
        var targets = frames.element().targets().get(name.name());
        if (targets == null) throw o.fail("no list of labels " + name.name());
        return targets.stream().map(this::label).toList();
    }

    /** A register or special register. */
    Optional<Registers.Place> value(Operand.Name name) {
        var place = registers.find(name.name());
        if (place.isPresent() || !SPECIALS.contains(name.name())) return place;
        return Optional.of(new Registers.Place(Type.U32, registers.special(name.name())));
    }

    /** The address of a variable in its space. */
    OptionalLong symbol(Operand.Name name) {
        var variable = registers
                .variable(name.name())
                .or(() -> parameters.named(name.name()))
                .or(() -> module.variables().stream()
                        .filter(v -> v.name().equals(name.name()))
                        .findFirst());
        return variable.isEmpty() ? OptionalLong.empty() : OptionalLong.of(address(variable.get()) + name.offset());
    }

    private long address(Item.Variable variable) {
        switch (variable.space()) {
            case SHARED -> {
                if (variable.bytes() == 0) {
                    throw Fault.unreadable(
                            variable.line(), "dynamic shared memory is not supported: " + variable.name());
                }
                return shared.address(variable);
            }
            case PARAM -> {
                return isKernelParameter(variable.name()) ? parameters.address(variable) : local.address(variable);
            }
            case LOCAL -> {
                return local.address(variable);
            }
            default -> {
                var address = globals.get(variable.name());
                if (address == null) throw Fault.unreadable(variable.line(), "no address of " + variable.name());
                return address;
            }
        }
    }

    boolean isKernelParameter(String name) {
        return registers.variable(name).isEmpty() && parameters.named(name).isPresent();
    }
}
