package io.equipoise.cuda.ptx;

import io.equipoise.cuda.ptx.Instruction.Action;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code cp.async}: a warp's copies from global to shared memory that are under way. Until a lane waits for its copy the
 * target counts as uninitialised, so that reading it early is noticed.
 */
final class AsyncCopies {
    private record Copy(int lane, long target, int size, long low, long high) {}

    /** The last group is open. */
    private final List<List<Copy>> groups = new ArrayList<>(List.of(new ArrayList<>()));

    static Action cp(Operation o) {
        if (!o.take("async")) throw o.fail("only cp.async is known");
        if (o.take("commit_group")) {
            o.expect(0);
            return (warp, lanes) -> {
                if (lanes != warp.alive) throw warp.fault(0, "commits copies in part of a warp");
                warp.copies.groups.add(new ArrayList<>());
            };
        }
        if (o.take("wait_all")) {
            o.expect(0);
            return (warp, lanes) -> warp.copies.await(warp, lanes, 0, true);
        }
        if (o.take("wait_group")) {
            o.expect(1);
            if (!(o.operand(0) instanceof Operand.Int pending)) throw o.fail("not a number of groups");
            int keep = Math.toIntExact(pending.value());
            return (warp, lanes) -> warp.copies.await(warp, lanes, keep, false);
        }
        return start(o);
    }

    private static Action start(Operation o) {
        if (o.takeAny("ca", "cg").isEmpty()) throw o.fail("no cache level");
        if (!o.take("shared") && !o.take("shared::cta")) throw o.fail("only to shared memory");
        if (!o.take("global")) throw o.fail("only from global memory");
        Access.caching(o);
        if (o.operands() < 3 || o.operands() > 4) throw o.fail("expected 3 or 4 operands");
        if (!(o.operand(2) instanceof Operand.Int bytes)) throw o.fail("not a size");
        int size = Math.toIntExact(bytes.value());
        if (size != 4 && size != 8 && size != 16) throw o.fail("a size of 4, 8 or 16");
        var to = Access.address(o, 0);
        var from = Access.address(o, 1);
        int given = o.operands() == 4
                ? o.source(3, Type.U32)
                : o.decoder().registers().constant(size);
        return (warp, lanes) -> {
            warp.require(to.place(), lanes);
            warp.require(from.place(), lanes);
            warp.require(given, lanes);
            long[] r = warp.registers;
            for (int rest = lanes; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                int read = (int) r[given + lane];
                if (read < 0 || read > size) throw warp.fault(lane, "copies " + read + " bytes of " + size);
                warp.copies.start(warp, lane, to.of(r, lane), from.of(r, lane), size, read);
            }
        };
    }

    private void start(Warp warp, int lane, long to, long from, int size, int read) {
        if ((from & (size - 1)) != 0) throw warp.fault(lane, "misaligned source " + GlobalMemory.hex(from));
        long low = 0;
        long high = 0;
        // What is not read becomes zero.
        for (int i = 0; i < read; i++) {
            Access.load(warp, Space.GLOBAL, lane, from + i, 1, false, false);
            long value = warp.access.bytes.get(warp.access.offset, 1);
            if (i < 8) low |= value << (8 * i);
            else high |= value << (8 * (i - 8));
        }
        Access.store(warp, Space.SHARED, lane, to, size, false);
        warp.access.bytes.undefine(warp.access.offset, size);
        groups.get(groups.size() - 1).add(new Copy(lane, to, size, low, high));
    }

    /** Ends the lanes' copies, but for those of the last closed groups. */
    private void await(Warp warp, int lanes, int keep, boolean open) {
        int end = groups.size() - 1 - keep;
        for (int g = 0; g < end + (open ? 1 : 0); g++) {
            groups.get(g).removeIf(copy -> {
                if ((lanes >>> copy.lane() & 1) == 0) return false;
                Access.store(warp, Space.SHARED, copy.lane(), copy.target(), copy.size(), false);
                warp.access.bytes.put(warp.access.offset, Math.min(8, copy.size()), copy.low());
                if (copy.size() == 16) warp.access.bytes.put(warp.access.offset + 8, 8, copy.high());
                return true;
            });
        }
        // Only closed groups that nobody waits for go; the open one stays.
        while (groups.size() > keep + 1 && groups.get(0).isEmpty()) groups.remove(0);
    }
}
