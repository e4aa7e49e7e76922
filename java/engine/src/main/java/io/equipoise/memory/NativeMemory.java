package io.equipoise.memory;

import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What vectors and matrices hold of memory outside the JVM's heap, devices' too, by owner: the class that allocated it. Models'
 * weights are libtorch's tensors and not among it.
 */
public final class NativeMemory {
    private static final StackWalker STACK = StackWalker.getInstance();
    /** Through whose methods owners allocate. */
    private static final Set<String> BETWEEN =
            Set.of(NativeMemory.class.getName(), Block.class.getName(), Vector.class.getName(), Matrix.class.getName());

    private static final AtomicLong LIVE = new AtomicLong();
    private static final AtomicLong PEAK = new AtomicLong();
    private static final Map<String, AtomicLong> OWNERS = new ConcurrentHashMap<>();

    private NativeMemory() {}

    /** Bytes held now. */
    public static long liveBytes() {
        return LIVE.get();
    }

    /** The most that was held at once since {@link #resetPeak}, or ever. */
    public static long peakBytes() {
        return PEAK.get();
    }

    /** Begins to look for a new peak, from what is held now. */
    public static void resetPeak() {
        PEAK.set(LIVE.get());
    }

    /** Bytes held now by each class that holds any, by its name without a package. */
    public static SortedMap<String, Long> byOwner() {
        var held = new TreeMap<String, Long>();
        OWNERS.forEach((owner, bytes) -> {
            if (bytes.get() != 0) held.put(owner, bytes.get());
        });
        return held;
    }

    /** The class that is allocating, without its package. */
    static String owner() {
        String name = STACK.walk(frames -> frames.map(StackWalker.StackFrame::getClassName)
                .filter(each -> !BETWEEN.contains(each))
                .findFirst()
                .orElse("?"));
        return name.substring(name.lastIndexOf('.') + 1);
    }

    static void hold(String owner, long bytes) {
        OWNERS.computeIfAbsent(owner, unknown -> new AtomicLong()).addAndGet(bytes);
        long live = LIVE.addAndGet(bytes);
        PEAK.accumulateAndGet(live, Math::max);
    }
}
