package io.equipoise.cuda.ptx;

import java.util.Arrays;
import java.util.Random;

/**
 * 32 lanes that execute one instruction together while they are at the same one, else group by group ({@link Groups}); every
 * group goes on some time.
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

    private final Groups groups;
    private boolean waits;
    /** The whole warp waits for the block. */
    boolean atBarrier;

    /** See {@link Races}. */
    int segment;

    /** Instructions that single threads have executed. */
    long executed;

    /** Of the lane whose turn it is. */
    final MemoryAccess access = new MemoryAccess(this);

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
        local = new Bytes(MemoryAccess.stride(program.localBytes()) * 32, false);
        program.constants().forEach((bits, place) -> {
            Arrays.fill(registers, place, place + 32, bits);
            defined[place >> 5] = -1;
        });
        program.specials().forEach((name, place) -> {
            for (int lane = 0; lane < 32; lane++) registers[place + lane] = block.special(name, this, lane);
            defined[place >> 5] = name.startsWith("%") ? -1 : 0;
        });
        alive = existing;
        groups = new Groups(existing);
        segment = block.races.open(block.index, index, block.interval, 0, 0);
    }

    boolean finished() {
        return groups.count() == 0;
    }

    /** Runs until nothing can go on, or about so many instructions. */
    void run(int quantum, Random random, boolean eager) {
        int patience = PATIENCE;
        while (quantum > 0 && groups.count() > 0) {
            int group = groups.choose(random, eager || patience <= 0);
            if (group < 0) {
                if (!atBarrier) throw stuck();
                return;
            }
            if (patience <= 0) patience = PATIENCE;
            pc = groups.at(group);
            active = groups.lanes(group);
            waits = false;
            int before = quantum;
            int known = groups.count();
            int stop = groups.meeting(group);
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
                        if (waits || active == 0 || groups.count() > 1 || known > 1) break;
                    } else {
                        if (lanes != 0) instruction.action().execute(this, lanes);
                        pc++;
                    }
                } while (pc != stop && quantum > 0 && (groups.count() == 1 || before - quantum < patience));
            } catch (ArithmeticException e) {
                throw fault(Integer.numberOfTrailingZeros(active), String.valueOf(e.getMessage()));
            }
            patience -= before - quantum;
            groups.move(group, pc, active, waits);
        }
    }

    /** Leaves lanes of the running group behind, at an instruction. */
    void split(int lanes, int at, boolean waiting) {
        active &= ~lanes;
        groups.split(lanes, at, waiting, active);
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
        return code[groups.at(0)];
    }

    /** The block has met. */
    void release() {
        atBarrier = false;
        groups.release();
        segment = block.races.open(block.index, index, block.interval, segment, 0);
    }

    /** Lanes have met: what they wrote before is seen by all of them after. */
    void meet(int lanes) {
        segment = block.races.open(block.index, index, block.interval, segment, lanes == existing ? -1 : lanes);
    }

    private Fault stuck() {
        pc = groups.at(0);
        var places = new StringBuilder();
        for (int g = 0; g < groups.count(); g++) {
            places.append(g == 0 ? "" : "; ").append(lanes(groups.lanes(g))).append(" at line ");
            int line = code[groups.at(g)].line();
            places.append(line)
                    .append(" `")
                    .append(block.program.module().line(line))
                    .append('`');
        }
        return fault(
                Integer.numberOfTrailingZeros(groups.lanes(0)),
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
}
