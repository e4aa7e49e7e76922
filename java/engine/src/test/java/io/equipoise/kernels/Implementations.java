package io.equipoise.kernels;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;

/**
 * The implementations that can run here, each once; the others are named with their reason on standard output. The system
 * property {@code equipoise.test.kernels}, a regular expression of providers' names, chooses some; it is an error that none of
 * them can run.
 */
public final class Implementations {
    private static final Set<String> UNAVAILABLE = ConcurrentHashMap.newKeySet();

    /**
     * Whether they are fast enough for many rows and draws; not where the system property {@code equipoise.test.slow} says so,
     * of an interpreter.
     */
    static final boolean FAST = !Boolean.getBoolean("equipoise.test.slow");

    private Implementations() {}

    /** Of so many draws, those that a statistic is made of here. */
    static int draws(int many) {
        return FAST ? many : many / 10;
    }

    /** Without their names. */
    static List<Kernels> list() {
        return all().map(Named::getPayload).toList();
    }

    /** One that has the transformer's operations too. */
    record WithTransformer(Kernels kernels, TransformerKernels transformer) {
        @Override
        public String toString() {
            return kernels.description();
        }
    }

    /** For {@code @MethodSource}: those with the transformer's operations, the reference among them. */
    static List<WithTransformer> transformers() {
        var found = new ArrayList<WithTransformer>();
        for (var kernels : list()) {
            kernels.transformer().ifPresent(transformer -> found.add(new WithTransformer(kernels, transformer)));
        }
        found.add(new WithTransformer(new ReferenceKernels(), new ReferenceTransformerKernels()));
        return found;
    }

    /** For {@code @MethodSource}. */
    public static Stream<Named<Kernels>> all() {
        var byDescription = new LinkedHashMap<String, Kernels>();
        String chosen = System.getProperty("equipoise.test.kernels", ".*");
        var obstacles = new ArrayList<String>();
        for (var provider : KernelProvider.all()) {
            if (!provider.name().matches(chosen)) continue;
            var reason = provider.unavailable();
            if (reason.isPresent()) {
                var line = "kernels: " + provider.name() + " not tested: " + reason.get();
                if (UNAVAILABLE.add(line)) System.out.println(line);
                obstacles.add(line);
                continue;
            }
            var kernels = provider.create();
            byDescription.putIfAbsent(kernels.description(), kernels);
        }
        if (byDescription.isEmpty()) throw new KernelException("no kernels '" + chosen + "' to test: " + obstacles);
        return byDescription.entrySet().stream().map(e -> Named.of(e.getKey(), e.getValue()));
    }
}
