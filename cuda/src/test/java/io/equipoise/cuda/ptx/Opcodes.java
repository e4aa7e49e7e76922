package io.equipoise.cuda.ptx;

import static java.util.Map.entry;

import io.equipoise.cuda.ptx.Instruction.Action;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** Every opcode there is, with what decodes it. */
final class Opcodes {
    /** Those that go on by themselves, or not. */
    private static final Set<String> CONTROL = Set.of(
            "bra",
            "brx",
            "exit",
            "ret",
            "trap",
            "shfl",
            "vote",
            "match",
            "redux",
            "bar",
            "barrier",
            "mma",
            "wmma",
            "ldmatrix");

    private static final Map<String, Function<Operation, Action>> ALL = Map.ofEntries(
            entry("add", Floats::add),
            entry("sub", Floats::sub),
            entry("mul", Floats::mul),
            entry("mad", Floats::fma),
            entry("fma", Floats::fma),
            entry("div", Floats::div),
            entry("rem", Integers::rem),
            entry("neg", Floats::neg),
            entry("abs", Floats::abs),
            entry("min", Floats::min),
            entry("max", Floats::max),
            entry("copysign", Floats::copysign),
            entry("mul24", Integers::mul24),
            entry("mad24", Integers::mad24),
            entry("sad", Integers::sad),
            entry("addc", Carries::addc),
            entry("subc", Carries::subc),
            entry("madc", Carries::madc),
            entry("ex2", Approximations::ex2),
            entry("lg2", Approximations::lg2),
            entry("sin", Approximations::sin),
            entry("cos", Approximations::cos),
            entry("tanh", Approximations::tanh),
            entry("rcp", Approximations::rcp),
            entry("sqrt", Approximations::sqrt),
            entry("rsqrt", Approximations::rsqrt),
            entry("and", Bits::and),
            entry("or", Bits::or),
            entry("xor", Bits::xor),
            entry("not", Bits::not),
            entry("cnot", Bits::cnot),
            entry("shl", Bits::shl),
            entry("shr", Bits::shr),
            entry("shf", Bits::shf),
            entry("lop3", Bits::lop3),
            entry("prmt", Bits::prmt),
            entry("bfe", Bits::bfe),
            entry("bfi", Bits::bfi),
            entry("popc", Bits::popc),
            entry("clz", Bits::clz),
            entry("bfind", Bits::bfind),
            entry("brev", Bits::brev),
            entry("setp", Comparisons::setp),
            entry("set", Comparisons::set),
            entry("selp", Comparisons::selp),
            entry("slct", Comparisons::slct),
            entry("testp", Comparisons::testp),
            entry("cvt", Conversions::cvt),
            entry("mov", Moves::mov),
            entry("cvta", Moves::cvta),
            entry("isspacep", Moves::isspacep),
            entry("ld", Access::ld),
            entry("st", Access::st),
            entry("atom", Atomics::atom),
            entry("red", Atomics::red),
            entry("cp", AsyncCopies::cp),
            entry("shfl", Shuffles::shfl),
            entry("vote", Shuffles::vote),
            entry("match", Shuffles::match),
            entry("redux", Shuffles::redux),
            entry("activemask", Shuffles::activemask),
            entry("bar", Barriers::bar),
            entry("barrier", Barriers::bar),
            entry("membar", Barriers::fence),
            entry("fence", Barriers::fence),
            entry("bra", ControlFlow::bra),
            entry("brx", ControlFlow::brx),
            entry("exit", ControlFlow::exit),
            entry("ret", ControlFlow::ret),
            entry("trap", ControlFlow::trap),
            entry("mma", TensorCore::mma),
            entry("ldmatrix", TensorCore::ldmatrix),
            entry("wmma", TensorCore::wmma));

    private Opcodes() {}

    static Set<String> all() {
        return ALL.keySet();
    }

    static Instruction decode(Decoder decoder, Item.Statement statement, int guard, boolean negated) {
        var operation = new Operation(decoder, statement);
        var opcode = statement.words().get(0);
        var decode = ALL.get(opcode);
        if (decode == null) throw operation.fail("unknown instruction " + opcode);
        var action = decode.apply(operation);
        operation.finish();
        return new Instruction(statement.line(), guard, negated, CONTROL.contains(opcode), action);
    }
}
