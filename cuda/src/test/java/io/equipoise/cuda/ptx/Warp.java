package io.equipoise.cuda.ptx;

import java.util.Arrays;
import java.util.Random;

/**
 * 32 lanes that execute one instruction together while they are at the same one. Lanes at different ones are in different
 * groups; the group that is least far goes first, so that they come together again, but every group goes on some time.
 */
final class Warp {
    /** A group runs at most so long while others could. */
    private static final int PATIENCE = 1 << 14;

    final Block block;
    final int index;
    final long[] registers;
    private final int[] defined;
    private final int[] predicates;
    private final int[] predicatesDefined;
    private final Instruction[] code;
    int carry;
    private int carryDefined;

    /** Where the group that runs is, and its lanes. */
    int pc;

    int active;
    /** Lanes there were, and those that have not left. */
    final int existing;

    int alive;

    private final int[] groupAt = new int[33];
    private final int[] groupLanes = new int[33];
    private final boolean[] groupWaits = new boolean[33];
    private int groups;
    private boolean waits;
    /** The whole warp waits for the block. */
    boolean atBarrier;

    /** See {@link Races}. */
    int segment;

    /** Instructions that single threads have executed. */
    long executed;

    /** Where the last located access is. */
    Bytes bytes = new Bytes(0, false);

    int offset;
    final Bytes local;
    final AsyncCopies copies = new AsyncCopies();

    Warp(Block block, int index, int existing) {
        this.block = block;
        this.index = index;
        this.existing = existing;
        var program = block.program;
        code = program.code().toArray(Instruction[]::new);
        registers = new long[program.values() * 32];
        defined = new int[program.values()];
        predicates = new int[program.predicates()];
        predicatesDefined = new int[program.predicates()];
        local = new Bytes(stride(program.localBytes()) * 32, false);
        program.constants().forEach((bits, place) -> {
            Arrays.fill(registers, place, place + 32, bits);
            defined[place >> 5] = -1;
        });
        program.specials().forEach((name, place) -> {
            for (int lane = 0; lane < 32; lane++) registers[place + lane] = block.special(name, this, lane);
            defined[place >> 5] = name.startsWith("%") ? -1 : 0;
        });
        alive = existing;
        groups = 1;
        groupLanes[0] = existing;
        segment = block.races.open(block.index, index, block.interval, 0, 0);
    }

    /** What a thread's local memory takes. */
    private static int stride(int localBytes) {
        return Layout.align(localBytes, 16);
    }

    boolean finished() {
        return groups == 0;
    }

    /** Runs until nothing can go on, or about so many instructions. */
    void run(int quantum, Random random, boolean eager) {
        int patience = PATIENCE;
        while (quantum > 0 && groups > 0) {
            int group = choose(random, eager || patience <= 0);
            if (group < 0) {
                if (!atBarrier) throw stuck();
                return;
            }
            if (patience <= 0) patience = PATIENCE;
            pc = groupAt[group];
            active = groupLanes[group];
            waits = false;
            int before = quantum;
            int known = groups;
            int stop = meeting(group);
            try {
                do {
                    var instruction = code[pc];
                    int lanes = active;
                    if (instruction.guard() >= 0) {
                        int mask = predicate(instruction.guard(), lanes);
                        lanes &= instruction.negated() ? ~mask : mask;
                    }
                    executed += Integer.bitCount(lanes);
                    quantum--;
                    if (instruction.control()) {
                        instruction.action().execute(this, lanes);
                        if (waits || active == 0 || groups > 1 || known > 1) break;
                    } else {
                        if (lanes != 0) instruction.action().execute(this, lanes);
                        pc++;
                    }
                } while (pc != stop && quantum > 0 && (groups == 1 || before - quantum < patience));
            } catch (ArithmeticException e) {
                throw fault(Integer.numberOfTrailingZeros(active), String.valueOf(e.getMessage()));
            }
            patience -= before - quantum;
            put(group);
        }
    }

    /** The least far group that can go on, or any of them. */
    private int choose(Random random, boolean any) {
        int chosen = -1;
        int candidates = 0;
        for (int g = 0; g < groups; g++) {
            if (groupWaits[g]) continue;
            candidates++;
            if (chosen < 0 || (any ? random.nextInt(candidates) == 0 : groupAt[g] < groupAt[chosen])) chosen = g;
        }
        return chosen;
    }

    /** Where the group will come to another one if it just goes on. */
    private int meeting(int group) {
        int stop = Integer.MAX_VALUE;
        for (int g = 0; g < groups; g++) if (groupAt[g] > groupAt[group]) stop = Math.min(stop, groupAt[g]);
        return stop;
    }

    /** Writes back the running group; one that has come to another joins it. */
    private void put(int group) {
        groupAt[group] = pc;
        groupLanes[group] = active;
        groupWaits[group] = waits;
        if (active == 0) {
            remove(group);
            return;
        }
        for (int g = 0; g < groups; g++) {
            if (g != group && groupAt[g] == pc) {
                groupLanes[g] |= active;
                groupWaits[g] = false;
                remove(group);
                return;
            }
        }
    }

    private void remove(int group) {
        groups--;
        groupAt[group] = groupAt[groups];
        groupLanes[group] = groupLanes[groups];
        groupWaits[group] = groupWaits[groups];
    }

    /** Leaves lanes of the running group behind, at an instruction. */
    void split(int lanes, int at, boolean waiting) {
        active &= ~lanes;
        for (int g = 0; g < groups; g++) {
            // not the running group, whose entry is where it was
            if (groupAt[g] == at && (groupLanes[g] & (lanes | active)) == 0) {
                groupLanes[g] |= lanes;
                groupWaits[g] &= waiting;
                return;
            }
        }
        groupAt[groups] = at;
        groupLanes[groups] = lanes;
        groupWaits[groups] = waiting;
        groups++;
    }

    /** Some of the running lanes go to a target, the others on. */
    void branch(int target, int lanes) {
        if (lanes == active) {
            pc = target;
        } else {
            pc++;
            if (lanes != 0) split(lanes, target, false);
        }
    }

    /** The running group can't go on. */
    void await() {
        waits = true;
    }

    void exit(int lanes) {
        alive &= ~lanes;
        active &= ~lanes;
        pc++;
    }

    /** The barrier at which the whole warp waits. */
    Instruction waiting() {
        return code[groupAt[0]];
    }

    /** The block has met. */
    void release() {
        atBarrier = false;
        groupAt[0]++;
        groupWaits[0] = false;
        segment = block.races.open(block.index, index, block.interval, segment, 0);
    }

    /** Lanes have met: what they wrote before is seen by all of them after. */
    void meet(int lanes) {
        segment = block.races.open(block.index, index, block.interval, segment, lanes == existing ? -1 : lanes);
    }

    private Fault stuck() {
        pc = groupAt[0];
        var places = new StringBuilder();
        for (int g = 0; g < groups; g++) {
            places.append(g == 0 ? "" : "; ").append(lanes(groupLanes[g])).append(" at line ");
            int line = code[groupAt[g]].line();
            places.append(line)
                    .append(" `")
                    .append(block.program.module().line(line))
                    .append('`');
        }
        return fault(
                Integer.numberOfTrailingZeros(groupLanes[0]),
                "waits for lanes of its warp that don't come (diverged): " + places
                        + (alive == existing ? "" : "; exited " + lanes(existing & ~alive)));
    }

    static String lanes(int mask) {
        return "lanes 0x" + Integer.toHexString(mask);
    }

    /** What a lane did wrong at the running instruction. */
    Fault fault(int lane, String what) {
        int line = code[pc].line();
        return new Fault("kernel " + block.program.name() + ", block (" + block.x + ", " + block.y + "), thread "
                + (index * 32 + lane) + ", PTX line " + line + " `"
                + block.program.module().line(line) + "`: "
                + what);
    }

    void require(int place, int lanes) {
        int missing = lanes & ~defined[place >> 5];
        if (missing != 0) {
            throw fault(Integer.numberOfTrailingZeros(missing), "reads a register that was never written");
        }
    }

    void define(int place, int lanes) {
        defined[place >> 5] |= lanes;
    }

    void copyDefined(int target, int source, int lanes) {
        defined[target >> 5] = (defined[target >> 5] & ~lanes) | (defined[source >> 5] & lanes);
    }

    int predicate(int place, int lanes) {
        int missing = lanes & ~predicatesDefined[place];
        if (missing != 0) {
            throw fault(Integer.numberOfTrailingZeros(missing), "reads a predicate that was never written");
        }
        return predicates[place];
    }

    /** Sets a predicate in some lanes; one at −1 is nowhere. */
    void setPredicate(int place, int lanes, int mask) {
        if (place < 0) return;
        predicates[place] = (predicates[place] & ~lanes) | (mask & lanes);
        predicatesDefined[place] |= lanes;
    }

    void requireCarry(int lanes) {
        int missing = lanes & ~carryDefined;
        if (missing != 0) throw fault(Integer.numberOfTrailingZeros(missing), "reads a carry that was never set");
    }

    void setCarry(int lanes, int mask) {
        carry = (carry & ~lanes) | (mask & lanes);
        carryDefined |= lanes;
    }

    /** Finds the bytes of a lane's access: {@link #bytes} from {@link #offset}. */
    void locate(Space space, int lane, long address, int size) {
        if ((address & (size - 1)) != 0) {
            throw fault(lane, "misaligned access of " + size + " bytes at " + GlobalMemory.hex(address));
        }
        var in = space == Space.GENERIC ? Space.of(address) : space;
        long at = space == Space.GENERIC ? address - in.window : address;
        switch (in) {
            case SHARED -> locateShared(lane, at, size);
            case LOCAL -> {
                int thread = block.program.localBytes();
                if (at < 0 || at + size > thread) throw outside(lane, at, size, "local", thread);
                bytes = local;
                offset = (int) at + lane * stride(thread);
            }
            case PARAM -> {
                bytes = block.parameters;
                if (!bytes.contains(at, size)) throw outside(lane, at, size, "parameter", bytes.size());
                offset = (int) at;
            }
            default -> {
                var allocation = block.memory.find(at);
                long from = at - allocation.address;
                if (!allocation.live() || from < 0 || from + size > allocation.size) {
                    throw fault(lane, "out of bounds: " + block.memory.objection(at, size));
                }
                bytes = allocation.bytes();
                offset = (int) from;
            }
        }
    }

    private void locateShared(int lane, long address, int size) {
        bytes = block.shared;
        long from = address - Block.SHARED_BASE;
        if (!bytes.contains(from, size)) throw outside(lane, from, size, "shared", bytes.size());
        offset = (int) from;
        if (bytes.excludes(offset, size)) {
            throw fault(lane, "out of bounds: offset " + from + " of shared memory is past the end of its variable");
        }
    }

    private Fault outside(int lane, long from, int size, String what, int of) {
        return fault(
                lane,
                "out of bounds: " + size + " bytes at offset " + from + " of " + of + " bytes of " + what + " memory");
    }

    /** Refuses an access to located bytes that were never written. */
    void requireDefined(int lane, int size) {
        int undefined = bytes.undefined(offset, size);
        if (undefined >= 0) {
            throw fault(
                    lane,
                    "reads uninitialised memory: byte " + (undefined - offset) + " of " + size + " at offset " + offset
                            + " of " + bytes.size());
        }
    }

    /** Fails when noting an access found one it races with. */
    void requireOrdered(int lane, int record) {
        if (record != 0) {
            throw fault(
                    lane,
                    "races with " + block.races.who(record) + ", at offset " + offset + " of " + bytes.size()
                            + (bytes == block.shared ? " bytes of shared memory" : " bytes of global memory"));
        }
    }

    boolean raced() {
        return bytes.writes.length != 0;
    }
}
