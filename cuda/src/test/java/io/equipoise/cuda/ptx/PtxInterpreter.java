package io.equipoise.cuda.ptx;

import io.equipoise.cuda.Device;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * A device without one: executes PTX in Java, one block after the other, and throws where a kernel does what a device would
 * not notice: accesses out of bounds, misaligned, of freed or of uninitialised memory (registers too), data races, masks that
 * name lanes that are not there, barriers that not every thread reaches, results that depend on the order of blocks and
 * warps.
 *
 * <p>A block is one row of threads. There is no inter-block waiting: blocks run one after the other. Fences order nothing, so
 * a hand-over from block to block within a launch is reported as a race.
 */
public final class PtxInterpreter implements Device {
    private record Loaded(Module module, Map<String, Long> globals) {}

    private record Handle(Program program) implements Kernel {
        @Override
        public String name() {
            return program.name();
        }
    }

    private record Snapshot(GlobalMemory.Allocation allocation, Bytes bytes) {}

    private final int architecture;
    private final int orders;
    private final long seed;
    private final GlobalMemory memory = new GlobalMemory();
    private final Races races = new Races();
    private final Map<String, Loaded> modules = new HashMap<>();
    private final Map<String, Kernel> kernels = new HashMap<>();
    private int launches;
    private long executed;
    private boolean closed;

    /** Each launch runs once, one in sequence, the next backwards, the next interleaved at random. */
    public PtxInterpreter(int architecture) {
        this(architecture, 1, 0);
    }

    /**
     * @param architecture compute capability, major · 10 + minor: 80, 120
     * @param orders how often each launch is run from the same memory, in as many orders of blocks and warps; what differs is
     *     an error
     * @param seed of the random orders
     */
    public PtxInterpreter(int architecture, int orders, long seed) {
        if (orders < 1) throw new IllegalArgumentException("orders must be >= 1, got " + orders);
        this.architecture = architecture;
        this.orders = orders;
        this.seed = seed;
    }

    @Override
    public String description() {
        return "PTX interpreter (sm_" + architecture + ")";
    }

    @Override
    public int architecture() {
        return architecture;
    }

    /** Instructions that threads have executed so far. */
    public long executed() {
        return executed;
    }

    @Override
    public long allocate(long bytes) {
        requireOpen();
        return memory.allocate(bytes, 256, "an allocation").address;
    }

    @Override
    public void free(long address) {
        memory.free(address);
    }

    /** Leaves so many addresses out, so that the distance of two allocations passes 32 bits. */
    void skip(long bytes) {
        memory.skip(bytes);
    }

    /** Bytes that are allocated, the variables of modules among them. */
    public long allocated() {
        return memory.live().stream().mapToLong(allocation -> allocation.size).sum();
    }

    @Override
    public boolean holds(Pointer pointer) {
        return memory.holds(pointer.address());
    }

    @Override
    public void clear(long address, long bytes) {
        var allocation = located("clearing", address, bytes);
        int offset = (int) (address - allocation.address);
        Arrays.fill(allocation.bytes().data, offset, offset + (int) bytes, (byte) 0);
        allocation.bytes().define(offset, (int) bytes);
    }

    @Override
    public void copy(long to, long from, long bytes) {
        try (var host = new BytePointer(bytes)) {
            copyToHost(host, from, bytes);
            copyToDevice(to, host, bytes);
        }
    }

    @Override
    public void copyToDevice(long address, Pointer host, long bytes) {
        if (bytes == 0) return;
        var allocation = located("copy to the device", address, bytes);
        int offset = (int) (address - allocation.address);
        new BytePointer(host).get(allocation.bytes().data, offset, (int) bytes);
        allocation.bytes().define(offset, (int) bytes);
    }

    @Override
    public void copyToHost(Pointer host, long address, long bytes) {
        if (bytes == 0) return;
        var allocation = located("copy to the host", address, bytes);
        int offset = (int) (address - allocation.address);
        int undefined = allocation.bytes().undefined(offset, (int) bytes);
        if (undefined >= 0) {
            throw new Fault("copy to the host of " + bytes + " bytes at " + GlobalMemory.hex(address) + ": byte "
                    + (undefined - offset) + " was never written");
        }
        new BytePointer(host).put(allocation.bytes().data, offset, (int) bytes);
    }

    private GlobalMemory.Allocation located(String what, long address, long bytes) {
        requireOpen();
        var objection = memory.objection(address, bytes);
        if (!objection.isEmpty()) throw new Fault(what + " of " + bytes + " bytes: " + objection);
        return memory.find(address);
    }

    @Override
    public Kernel kernel(String ptx, String name) {
        requireOpen();
        return kernels.computeIfAbsent(name + '\n' + ptx, key -> {
            var loaded = modules.computeIfAbsent(ptx, this::load);
            return new Handle(Decoder.decode(loaded.module(), name, loaded.globals()));
        });
    }

    private Loaded load(String ptx) {
        var module = Module.parse(ptx);
        if (module.target() > architecture) {
            throw new Fault("PTX for sm_" + module.target() + " does not run on sm_" + architecture);
        }
        var globals = new HashMap<String, Long>();
        for (var variable : module.variables()) {
            if (variable.space() != Space.GLOBAL && variable.space() != Space.CONST) continue;
            var allocation = memory.allocate(variable.bytes(), Math.max(16, variable.alignment()), variable.name());
            // As C++ has it, what is not given is zero.
            System.arraycopy(variable.values(), 0, allocation.bytes().data, 0, variable.values().length);
            allocation.bytes().define(0, allocation.size);
            globals.put(variable.name(), allocation.address);
        }
        return new Loaded(module, globals);
    }

    @Override
    public void launch(Kernel kernel, Grid grid, Object... arguments) {
        requireOpen();
        var program = ((Handle) kernel).program();
        if (grid.blocksX() <= 0 || grid.blocksY() <= 0) return;
        var launch = new Launch(program, grid, memory, races, parameters(program, arguments));
        launch.check();
        if (orders == 1) {
            run(launch, launches % 3);
        } else {
            compare(launch);
        }
        launches++;
    }

    private void run(Launch launch, int order) {
        if (races.begin())
            memory.live().forEach(allocation -> allocation.bytes().forget());
        executed += launch.run(new Order(order, seed + launches));
    }

    private void compare(Launch launch) {
        var before = snapshot();
        run(launch, 0);
        var expected = snapshot();
        for (int order = 1; order < orders; order++) {
            before.forEach(s -> s.allocation().bytes().restore(s.bytes()));
            run(launch, order);
            for (var s : expected) {
                int mismatch = s.allocation().bytes().mismatch(s.bytes());
                if (mismatch >= 0) {
                    throw new Fault("kernel " + launch.program().name()
                            + ": its result depends on the order of blocks and warps, first at byte " + mismatch
                            + " of " + s.allocation().name + " at " + GlobalMemory.hex(s.allocation().address)
                            + " (orders 0 and " + order + ", seed " + seed + ")");
                }
            }
        }
    }

    private List<Snapshot> snapshot() {
        var snapshots = new ArrayList<Snapshot>();
        for (var allocation : memory.live()) {
            snapshots.add(new Snapshot(allocation, allocation.bytes().copy()));
        }
        return snapshots;
    }

    private static Bytes parameters(Program program, Object... arguments) {
        var layout = program.parameters();
        var bytes = new Bytes(layout.end(), false);
        if (arguments.length != layout.offsets().size()) {
            throw new Fault("kernel " + program.name() + " takes "
                    + layout.offsets().size() + " arguments, got " + arguments.length);
        }
        int i = 0;
        for (var parameter : layout.offsets().entrySet()) {
            var argument = arguments[i++];
            long bits;
            Type type;
            if (argument instanceof Long whole) {
                bits = whole;
                type = Type.B64;
            } else if (argument instanceof Integer whole) {
                bits = whole;
                type = Type.B32;
            } else if (argument instanceof Float real) {
                bits = Float.floatToRawIntBits(real);
                type = Type.F32;
            } else if (argument instanceof Double real) {
                bits = Double.doubleToRawLongBits(real);
                type = Type.F64;
            } else {
                throw new Fault("kernel " + program.name() + ": argument " + (i - 1) + " is a "
                        + argument.getClass().getSimpleName());
            }
            var wanted = parameter.getKey().type();
            boolean fits = wanted.bits == type.bits
                    && (wanted.kind == Type.Kind.BITS
                            || (wanted.kind == Type.Kind.FLOAT) == (type.kind == Type.Kind.FLOAT));
            if (!fits || parameter.getKey().bytes() != type.bytes()) {
                throw new Fault("kernel " + program.name() + ": argument " + (i - 1) + " is a "
                        + argument.getClass().getSimpleName() + ", not of "
                        + parameter.getKey().bytes() + " bytes as ."
                        + wanted.word());
            }
            bytes.put(parameter.getValue(), type.bytes(), bits);
        }
        return bytes;
    }

    @Override
    public void synchronize() {
        requireOpen();
    }

    private void requireOpen() {
        if (closed) throw new IllegalStateException("the interpreter is closed");
    }

    @Override
    public void close() {
        closed = true;
    }
}
