package io.equipoise.kernels;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Offers an implementation of {@link Kernels}; found by {@link ServiceLoader}. The choice is made once, logged in one
 * line, and can be forced by the system property {@code equipoise.kernels} (a provider's name), which fails rather than
 * falls back.
 */
public interface KernelProvider {
    /** What users write to choose it: {@code cpu}, {@code cuda}, {@code reference}. */
    String name();

    /** The best available is the one with the highest priority. */
    int priority();

    /** Why it can't run here, empty when it can. Must not throw. */
    Optional<String> unavailable();

    /** @throws KernelUnavailableException when it can't run here */
    Kernels create();

    /** All providers on the class path, best first; the plain Java reference is always among them. */
    static List<KernelProvider> all() {
        var providers = new ArrayList<KernelProvider>();
        ServiceLoader.load(KernelProvider.class).forEach(providers::add);
        providers.add(new ReferenceKernels.Provider());
        providers.sort(Comparator.comparingInt(KernelProvider::priority).reversed());
        return providers;
    }

    /** The kernels of this process. */
    static Kernels kernels() {
        return Chosen.KERNELS;
    }

    /**
     * The provider of this name, which must be able to run.
     *
     * @throws KernelUnavailableException when there is none of that name or it can't run here
     */
    static Kernels named(String name) {
        var names = new ArrayList<String>();
        for (var provider : all()) {
            if (provider.name().equals(name)) {
                provider.unavailable().ifPresent(reason -> {
                    throw new KernelUnavailableException("kernels '" + name + "' can't run here: " + reason);
                });
                return provider.create();
            }
            names.add(provider.name());
        }
        throw new KernelUnavailableException("no kernels named '" + name + "'; there are " + String.join(", ", names));
    }

    /** Holds the process-wide choice; initialised on first use. */
    final class Chosen {
        private static final Logger LOG = LoggerFactory.getLogger(KernelProvider.class);
        private static final Kernels KERNELS = choose();

        private Chosen() {}

        private static Kernels choose() {
            var forced = System.getProperty("equipoise.kernels", "");
            var kernels = forced.isEmpty() ? best() : named(forced);
            LOG.info("kernels: {}", kernels.description());
            return kernels;
        }

        private static Kernels best() {
            for (var provider : all()) {
                var reason = provider.unavailable();
                if (reason.isEmpty()) return provider.create();
                LOG.info("kernels: {} not used: {}", provider.name(), reason.get());
            }
            throw new KernelUnavailableException("no kernels can run here");
        }
    }
}
