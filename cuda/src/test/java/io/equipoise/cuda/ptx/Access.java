package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Instruction.Action;
import java.util.List;
import java.util.Set;

/** {@code ld} and {@code st} of every space, plain, volatile or ordered. */
final class Access {
    /** Where a cache should keep what is accessed; changes no result. */
    private static final Set<String> CACHING = Set.of(
            "ca",
            "cg",
            "cs",
            "lu",
            "cv",
            "wb",
            "wt",
            "L1::evict_normal",
            "L1::evict_unchanged",
            "L1::evict_first",
            "L1::evict_last",
            "L1::no_allocate",
            "L2::64B",
            "L2::128B",
            "L2::256B",
            "L2::evict_last",
            "L2::evict_normal",
            "L2::evict_first");

    private static final Set<String> SCOPES = Set.of("cta", "cluster", "gpu", "sys");

    private Access() {}

    /** An address: a register and an offset. */
    record At(int place, long offset, long mask) {
        long of(long[] registers, int lane) {
            return (registers[place + lane] + offset) & mask;
        }
    }

    /** Where an operand points to; the space is that of a variable which is named. */
    static At address(Operation o, int operand) {
        if (!(o.operand(operand) instanceof Operand.Address address)) throw o.fail("not an address");
        if (address.base() instanceof Operand.Name name) {
            var symbol = o.decoder().symbol(name);
            if (symbol.isPresent()) {
                long at = symbol.getAsLong() + address.offset();
                return new At(o.decoder().registers().constant(at), 0, -1);
            }
            var place = o.decoder().value(name).orElseThrow(() -> o.fail("unknown address " + name.name()));
            if (place.type().bits < 32) throw o.fail("an address of " + place.type().bits + " bits");
            return new At(place.at(), address.offset(), place.type().mask());
        }
        return new At(o.decoder().registers().constant(address.offset()), 0, -1);
    }

    static void caching(Operation o) {
        CACHING.forEach(o::take);
    }

    /** Whether it is ordered as atomics are. */
    static boolean strong(Operation o) {
        boolean strong = o.takeAny("relaxed", "acquire", "release").isPresent();
        o.take("weak");
        o.take("volatile");
        if (SCOPES.stream().filter(o::take).count() == 0 && strong) throw o.fail("no scope");
        return strong;
    }

    private static int count(Operation o) {
        return o.takeAny("v2", "v4", "v8").map(word -> word.charAt(1) - '0').orElse(1);
    }

    private static List<Operand> elements(Operation o, int operand, int count) {
        if (o.operand(operand) instanceof Operand.Tuple tuple) {
            if (tuple.elements().size() != count) throw o.fail("not " + count + " registers");
            return tuple.elements();
        }
        if (count != 1) throw o.fail("not " + count + " registers");
        return List.of(o.operand(operand));
    }

    /** Parameters of a function that is called are in local memory; those of the kernel are not. */
    private static Space space(Operation o, int operand) {
        var space = o.space();
        if (space == Space.PARAM
                && o.operand(operand) instanceof Operand.Address address
                && address.base() instanceof Operand.Name name
                && !o.decoder().isKernelParameter(name.name())) {
            return o.decoder().registers().variable(name.name()).isPresent() ? Space.LOCAL : Space.PARAM;
        }
        return space;
    }

    static Action ld(Operation o) {
        o.expect(2);
        var space = space(o, 1);
        boolean strong = strong(o);
        boolean constant = o.take("nc");
        caching(o);
        int count = count(o);
        var type = o.type();
        int size = type.bytes();
        var at = address(o, 1);
        var targets = elements(o, 0, count).stream()
                .map(operand -> o.wideTarget(operand, type))
                .toList();
        int[] places = targets.stream().mapToInt(Registers.Place::at).toArray();
        long[] masks = targets.stream()
                .mapToLong(target -> type.signed() ? target.type().mask() : type.mask())
                .toArray();
        return (warp, lanes) -> {
            warp.require(at.place(), lanes);
            long[] r = warp.registers;
            for (int rest = lanes; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                load(warp, space, lane, at.of(r, lane), size * count, strong, constant);
                for (int i = 0; i < count; i++) {
                    r[places[i] + lane] =
                            type.extend(warp.access.bytes.get(warp.access.offset + i * size, size)) & masks[i];
                }
            }
            for (int place : places) warp.define(place, lanes);
        };
    }

    /** Checks and notes a read, whose bytes are then located. */
    static void load(Warp warp, Space space, int lane, long address, int size, boolean strong, boolean constant) {
        warp.access.locate(space, lane, address, size);
        warp.access.requireDefined(lane, size);
        if (!warp.access.raced()) return;
        var races = warp.block.races;
        if (constant && races.written(warp.access.bytes, warp.access.offset, size)) {
            throw warp.fault(lane, "reads through the constant cache what this launch has written");
        }
        int record = strong
                ? races.atomic(warp.access.bytes, warp.access.offset, size, warp.segment, lane)
                : races.read(warp.access.bytes, warp.access.offset, size, warp.segment, lane);
        warp.access.requireOrdered(lane, record);
    }

    /** Checks and notes a write, whose bytes are then located. */
    static void store(Warp warp, Space space, int lane, long address, int size, boolean strong) {
        warp.access.locate(space, lane, address, size);
        if (!warp.access.raced()) return;
        int record = strong
                ? warp.block.races.atomic(warp.access.bytes, warp.access.offset, size, warp.segment, lane)
                : warp.block.races.write(warp.access.bytes, warp.access.offset, size, warp.segment, lane);
        warp.access.requireOrdered(lane, record);
    }

    static Action st(Operation o) {
        o.expect(2);
        var space = space(o, 0);
        if (space == Space.PARAM || space == Space.CONST) throw o.fail("can't be written");
        boolean strong = strong(o);
        caching(o);
        int count = count(o);
        var type = o.type();
        int size = type.bytes();
        var at = address(o, 0);
        int[] places = elements(o, 1, count).stream()
                .mapToInt(operand -> o.wide(operand, type).at())
                .toArray();
        return (warp, lanes) -> {
            warp.require(at.place(), lanes);
            for (int place : places) warp.require(place, lanes);
            long[] r = warp.registers;
            for (int rest = lanes; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                store(warp, space, lane, at.of(r, lane), size * count, strong);
                for (int i = 0; i < count; i++)
                    warp.access.bytes.put(warp.access.offset + i * size, size, r[places[i] + lane]);
            }
        };
    }
}
