package io.equipoise.model;

import io.equipoise.InvalidInputException;
import io.equipoise.kernels.KernelProvider;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;

/** Where a model's weights are and its operations run. */
public enum Device {
    CPU,
    /** The first NVIDIA card that {@code CUDA_VISIBLE_DEVICES} shows. Its kernels are those of the provider {@code cuda}. */
    CUDA;

    /**
     * Whether a libtorch is on the class path, the CPU's or CUDA's. Asked by the name of its library: its classes may be
     * there without, and then fail to initialise.
     */
    private static final boolean LIBTORCH = Stream.of("", "-gpu")
            .map(extension -> "/org/bytedeco/pytorch/" + Loader.getPlatform() + extension + "/"
                    + System.mapLibraryName("jnitorch"))
            .anyMatch(library -> Device.class.getResource(library) != null);

    /** The names that {@link #named} takes: {@code cpu}, {@code cuda}. */
    public static List<String> names() {
        return Arrays.stream(values()).map(Device::toString).toList();
    }

    /** @throws InvalidInputException when there is none of this name */
    public static Device named(String name) {
        for (var device : values()) if (device.toString().equals(name)) return device;
        throw new InvalidInputException("no device '" + name + "'; there are " + String.join(", ", names()));
    }

    /** Why models can't be computed there here; empty when they can. */
    public Optional<String> unavailable() {
        if (this == CPU) return LIBTORCH ? Optional.empty() : Optional.of("libtorch is not on the class path");
        var kernels = KernelProvider.all().stream()
                .filter(provider -> provider.name().equals(toString()))
                .findFirst();
        if (kernels.isEmpty()) return Optional.of("the module equipoise-cuda is not on the class path");
        var reason = kernels.get().unavailable();
        if (reason.isPresent()) return reason;
        return torch.hasCUDA()
                ? Optional.empty()
                : Optional.of("the libtorch on the class path is the CPU's; ./equipoise takes CUDA's for --device cuda,"
                        + " ./mvnw with -Pcuda");
    }

    /** {@code cpu}, {@code cuda}: as users write it and as libtorch does. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
