package io.equipoise.benchmarks;

import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What some of a benchmark's methods work on, closed with it. JMH makes a state for the methods that name it alone, so where
 * libtorch or a card isn't there nothing of it is loaded as long as these are left out.
 */
@State(Scope.Thread) // libtorch's and OpenMP's settings belong to a thread
public abstract class Operands {
    private final List<AutoCloseable> owned = new ArrayList<>();

    /** Closes it with the benchmark. */
    final <T extends AutoCloseable> T owned(T resource) {
        owned.add(resource);
        return resource;
    }

    @TearDown
    public void tearDown() throws Exception {
        for (var resource : owned) resource.close();
        owned.clear();
    }
}
